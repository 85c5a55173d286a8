/* Kernels where memory may not be executable, and what is said of them. */
#include "nn/kernels.h"
#include "nn/matmul.h"

#include "../base/check.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* As systemd's MemoryDenyWriteExecute: no memory to be written and executed, none made executable later. */
static int deny(void)
{
    static struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 3, 7),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_WRITE | PROT_EXEC),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_WRITE | PROT_EXEC, 3, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, PROT_EXEC),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_EXEC, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

enum { M = 24, N = 17, K = 33, DENIED_NOT = 77 };

/* 0 when the product is right. */
static int product(void)
{
    static float a[M * K], b[K * N], c[M * N];

    for (int i = 0; i < M * K; i++)
        a[i] = (float)(i % 7) - 3;
    for (int i = 0; i < K * N; i++)
        b[i] = (float)(i % 5) - 2;
    bp_matmul(M, N, K, a, K, b, N, c, N, 0);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            float sum = 0;
            for (int l = 0; l < K; l++)
                sum += a[i * K + l] * b[l * N + j];
            if (c[i * N + j] != sum)            /* of small whole numbers: exact in any order */
                return 1;
        }
    return 0;
}

/* In a child that has not asked for a kernel yet: right products, no signal. */
static void no_executable_memory(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    if (!child) {
        if (deny() || mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
            _exit(DENIED_NOT);
        _exit(product() || bp_kernels_libxsmm() || strncmp(bp_kernels_float32(), "OpenBLAS ", 9));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == DENIED_NOT)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void executable_memory(void **state)
{
    (void)state;
    assert_int_equal(product(), 0);
    assert_int_equal(bp_kernels_libxsmm(), strcmp(bp_kernels_libxsmm_version(), "none") != 0);
}

static void lists(void **state)
{
    char text[256], kept[64];

    (void)state;
    snprintf(kept, sizeof kept, "%s", bp_kernels_float32());
    assert_true(!strncmp(kept, bp_kernels_libxsmm() ? "libxsmm " : "OpenBLAS ", 8));
    bp_kernels_list(text, sizeof text);
    assert_non_null(strstr(text, kept));
    assert_non_null(strstr(text, ", bf16 "));
    bp_kernels_list(text, 8);
    assert_int_equal(strlen(text), 7);
    bp_kernels_processor(text, sizeof text);
    assert_true(strlen(text) > 0 && text[strlen(text) - 1] != ' ');
    assert_true(atof(bp_kernels_openblas_version()) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_executable_memory),
        cmocka_unit_test(executable_memory),
        cmocka_unit_test(lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
