#!/usr/bin/python3
"""The updates of updates.c in PyTorch, on one thread: transitions/s by the processor's time.  torch_update.py [SECONDS]

Any PyTorch from 1.13 on. Rows: setting, precision, eager or compiled, transitions/s; precision bf16 is autocast with parameters of
float32, as ours; compiled is torch.compile, from version 2 on. The same losses on the same shapes: target policy, prior and critic along
the sequence and one step further, Retrace, the critic's square, SVG(0) with KL and entropy, the prior's distillation, three Adams, a copy
every 100 updates. PyTorch is given what makes it fast on processors: memory that stays mapped, large pages, and kernels of OpenBLAS for
the processor at hand, which OpenBLAS 0.3.21 does not find for models younger than itself.
"""
import math, os, sys, time

TUNED = {"MALLOC_MMAP_THRESHOLD_": "2000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000", "MALLOC_TOP_PAD_": "268435456",
         "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
if "BP_TORCH_TUNED" not in os.environ:
    flags = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
    core = "SkylakeX" if " avx512vl " in flags else "Haswell" if " avx2 " in flags else None
    tuned = dict(TUNED, BP_TORCH_TUNED="1", **({"OPENBLAS_CORETYPE": core} if core else {}))
    os.execve(sys.executable, [sys.executable] + sys.argv, {**tuned, **os.environ, "BP_TORCH_TUNED": "1"})

try:
    import torch
    from torch import nn
except ImportError:
    sys.exit("torch_update.py: PyTorch is not installed for " + sys.executable)

DISCOUNT, TRACE, ALPHA, ENTROPY, RATE, PERIOD = 0.99, 0.95, 0.1, 1e-3, 1e-4, 100


def mlp(*sizes):
    layers = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        layers += [nn.Linear(a, b)] + ([nn.ELU()] if i + 2 < len(sizes) else [])
    return nn.Sequential(*layers)


class Actor(nn.Module):
    """Observations (T, B, O) to mean and scale (T, B, A); with an LSTM after the first layer when `recurrent`."""

    def __init__(self, seen, actions, recurrent):
        super().__init__()
        self.recurrent = recurrent
        if recurrent:
            self.first, self.lstm, self.out = nn.Sequential(nn.Linear(seen, 64), nn.ELU()), nn.LSTM(64, 64), nn.Linear(64, 2 * actions)
        else:
            self.out = mlp(seen, 200, 100, 2 * actions)

    def forward(self, x):
        y = self.out(self.lstm(self.first(x))[0] if self.recurrent else x)
        mean, width = y.chunk(2, -1)
        return mean, nn.functional.softplus(width) + 0.01


class Critic(nn.Module):
    """Features of observations, computed once, and Q of features and actions."""

    def __init__(self, size, actions, recurrent):
        super().__init__()
        self.recurrent = recurrent
        if recurrent:
            self.lstm, self.out = nn.LSTM(size, 128), mlp(128 + actions, 64, 1)
        else:
            self.out = mlp(size + actions, 400, 300, 1)

    def features(self, x):
        return self.lstm(x)[0] if self.recurrent else x

    def q(self, features, actions):
        return self.out(torch.cat([features, actions], -1)).squeeze(-1)


def kl(p, q):
    return (torch.log(q[1] / p[1]) + (p[1] ** 2 + (p[0] - q[0]) ** 2) / (2 * q[1] ** 2) - 0.5).sum(-1)


def log_prob(p, a):
    return (-0.5 * ((a - p[0]) / p[1]) ** 2 - torch.log(p[1]) - 0.5 * math.log(2 * math.pi)).sum(-1)


class Update:
    def __init__(self, recurrent, batch, bf16, compiled):
        self.batch, self.bf16 = batch, bf16
        self.steps, size, self.seen, actions = (40, 20, 20, 2) if recurrent else (10, 60, 40, 8)
        torch.manual_seed(1)
        make = lambda: (Actor(size, actions, recurrent), Actor(self.seen, actions, recurrent), Critic(size, actions, recurrent))
        self.nets, self.targets = make(), make()
        self.adams = [torch.optim.Adam(net.parameters(), lr=RATE) for net in self.nets]
        for target in self.targets:
            for parameter in target.parameters():
                parameter.requires_grad_(False)
        self.count = 0
        self.copy()
        self.data = [self.minibatch(size, actions) for _ in range(2)]
        self.losses = torch.compile(self.loss) if compiled else self.loss

    def minibatch(self, size, actions):
        shape = (self.steps, self.batch)
        return (torch.randn(self.steps + 1, self.batch, size), torch.randn(*shape, actions).clamp(-1, 1), torch.full(shape, -1.0),
                torch.full(shape, 0.1), torch.full(shape, DISCOUNT))

    def copy(self):
        for net, target in zip(self.nets, self.targets):
            target.load_state_dict(net.state_dict())

    def retrace(self, x, actions, log_mu, reward, discount, features, prior_target):
        with torch.no_grad():
            policy_target, critic_target = self.targets[0], self.targets[2]
            pi = policy_target(x)
            after = pi[0][1:], pi[1][1:]
            a = (after[0] + after[1] * torch.randn_like(after[0])).clamp(-1, 1)
            value = critic_target.q(features[1:], a) - ALPHA * kl(after, (prior_target[0][1:], prior_target[1][1:]))
            q = critic_target.q(features[1:-1], actions[1:])
            trace = TRACE * (log_prob((pi[0][1:-1], pi[1][1:-1]), actions[1:]) - log_mu[1:]).exp().clamp(max=1)
            target = [reward[-1] + discount[-1] * value[-1]]
            for t in range(self.steps - 2, -1, -1):
                target.append(reward[t] + discount[t] * (value[t] + trace[t] * (target[-1] - q[t])))
            return torch.stack(target[::-1])

    def loss(self, x, actions, log_mu, reward, discount):
        policy, prior, critic = self.nets
        with torch.no_grad():
            prior_target = self.targets[1](x[..., :self.seen])
            features = self.targets[2].features(x)
        target = self.retrace(x, actions, log_mu, reward, discount, features, prior_target)
        pi = policy(x[:-1])
        a = (pi[0] + pi[1] * torch.randn_like(pi[0])).clamp(-1, 1)
        entropy = (torch.log(pi[1]) + 0.5 + 0.5 * math.log(2 * math.pi)).sum(-1)
        divergence = kl(pi, (prior_target[0][:-1], prior_target[1][:-1]))
        policy_loss = (-self.targets[2].q(features[:-1], a) + ALPHA * divergence - ENTROPY * entropy).mean()
        critic_loss = ((critic.q(critic.features(x[:-1]), actions) - target) ** 2).mean()
        prior_loss = kl((pi[0].detach(), pi[1].detach()), prior(x[:-1, :, :self.seen])).mean()
        return policy_loss + critic_loss + prior_loss

    def __call__(self):
        for adam in self.adams:
            adam.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            loss = self.losses(*self.data[self.count % 2])
        loss.backward()
        for adam in self.adams:
            adam.step()
        self.count += 1
        if self.count % PERIOD == 0:
            self.copy()


def rate(update, seconds):
    times, transitions = [], update.batch * update.steps
    for _ in range(3):
        update()
    end = time.process_time() + seconds
    while time.process_time() < end or len(times) < 5:
        start = time.process_time()
        update()
        times.append(time.process_time() - start)
    return transitions / sorted(times)[len(times) // 2]


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print(f"# PyTorch {torch.__version__}")
    for recurrent, batch in (False, 512), (False, 64), (False, 32), (True, 512), (True, 16):
        for bf16 in False, True:
            for compiled in (False, True) if hasattr(torch, "compile") else (False,):
                try:
                    update = Update(recurrent, batch, bf16, compiled)
                    value = rate(update, seconds)
                except Exception as error:        # what a version cannot do is no row
                    print(f"torch_update.py: bf16 {bf16}, compiled {compiled}: {type(error).__name__}: {error}"[:300], file=sys.stderr)
                    continue
                print(f"{'lstm' if recurrent else 'mlp'} {batch} x {update.steps}\t{'bf16' if bf16 else 'float32'}"
                      f"\t{'compiled' if compiled else 'eager'}\t{value:.6g}", flush=True)


if __name__ == "__main__":
    main()
