# Where no memory may be written and executed (systemd's MemoryDenyWriteExecute), all works, with other kernels, and says so once.
. "$TEST_LIB"
if grep -q __asan_init "$TEST_BIN/bp-train"; then
    skip "sanitizers have memory of their own"
    exit 0
fi
cat >deny.py <<'P'
# deny.py COMMAND...: run it under a filter of system calls as systemd's: mmap of W and X, mprotect of X are refused.
import ctypes, os, platform, struct, sys
mmap, mprotect = {"x86_64": (9, 10), "aarch64": (222, 226)}[platform.machine()]
LD, AND, JEQ, RET = 0x20, 0x54, 0x15, 0x06
code = [(LD, 0, 0, 0), (JEQ, 1, 0, mmap), (JEQ, 3, 7, mprotect), (LD, 0, 0, 32), (AND, 0, 0, 6), (JEQ, 3, 4, 6), (LD, 0, 0, 32), (AND, 0, 0, 4),
        (JEQ, 0, 1, 4), (RET, 0, 0, 0x50001), (RET, 0, 0, 0x7fff0000)]
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in code))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters)))
prctl = ctypes.CDLL(None).prctl
prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
if prctl(38, 1, 0, 0, 0) or prctl(22, 2, ctypes.addressof(program), 0, 0):
    sys.exit(77)
os.execvp(sys.argv[1], sys.argv[1:])
P
python3 deny.py true
if [ $? -eq 77 ]; then
    skip "no filters of system calls here"
    exit 0
fi
fixture easy.ckpt easy.traj
train="bp-train -p nav-easy-lstm --warm-up 1k --replay-episodes 64 --evaluate-every 8k --evaluate-episodes 2 --db none --transitions 8k"
tell='memory may not be executable here, which libxsmm needs'
like "--version tells" "$(python3 deny.py bp-train --version)" '^kernels: float32 OpenBLAS '
for command in "$train -o train.ckpt" "bp-transfer -p nav-hard --prior-from easy.ckpt --warm-up 1k --replay-episodes 64 --evaluate-every 8k --evaluate-episodes 2 --db none --transitions 8k -o hard.ckpt" \
    "bp-distill --db none --prior lstm --transitions 4k -o distilled.ckpt easy.traj" "bp-rollout -n 2 -o played.traj easy.ckpt"; do
    program=${command%% *}
    python3 deny.py $command 2>"$err"
    is "$program works" $? 0
    if bp-train --version | grep -q 'libxsmm [0-9]'; then
        is "  and says once with what" "$(grep -c "$tell" "$err")" 1
    fi
done
quiet "what was trained plays" bp-rollout -n 1 -o again.traj train.ckpt
