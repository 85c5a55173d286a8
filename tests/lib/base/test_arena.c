#include "base/arena.h"

#include "../store/support.h"
#include "check.h"

#include <signal.h>

static void arrays_are_aligned_and_apart(void **state)
{
    static const size_t sizes[] = {1, 64, 65, 0, 1000, 3};
    struct bp_arena arena;
    char *end;

    (void)state;
    assert_int_equal(bp_arena_init(&arena, 1 << 16), 0);
    end = arena.memory;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *at = bp_arena_take(&arena, sizes[i]);
        assert_int_equal((uintptr_t)at % 64, 0);
        assert_true(at >= end);
        memset(at, 0xAB, sizes[i]);
        end = at + sizes[i];
    }
    assert_true(end <= arena.memory + arena.used);
    bp_arena_free(&arena);
}

/* A reset gives the same memory again; only zeros are cleared. */
static void reset_gives_back(void **state)
{
    struct bp_arena arena;
    float *first, *again;

    (void)state;
    assert_int_equal(bp_arena_init(&arena, 1 << 16), 0);
    first = bp_arena_floats(&arena, 100);
    for (int i = 0; i < 100; i++)
        first[i] = 7;
    bp_arena_take(&arena, 4096);
    size_t peak = arena.peak;
    bp_arena_reset(&arena);
    assert_int_equal(arena.used, 0);
    again = bp_arena_zeros(&arena, 100);
    assert_ptr_equal(again, first);
    for (int i = 0; i < 100; i++)
        assert_true(again[i] == 0);
    assert_int_equal(arena.peak, peak);
    bp_arena_free(&arena);
}

/* What was taken last goes back alone; what outgrew the memory since stays until the reset. */
static void the_last_goes_back(void **state)
{
    struct bp_arena arena;

    (void)state;
    assert_int_equal(bp_arena_init(&arena, 4096), 0);
    float *kept = bp_arena_floats(&arena, 16), *lent = bp_arena_floats(&arena, 100);
    bp_arena_take(&arena, 1000);
    size_t peak = arena.peak;
    bp_arena_give_back(&arena, lent);
    assert_int_equal(arena.used, 64);
    assert_int_equal(arena.peak, peak);
    assert_ptr_equal(bp_arena_take(&arena, 8), lent);
    kept[0] = 3;
    void *next = bp_arena_take(&arena, 2000);
    memset(bp_arena_take(&arena, 8192), 1, 8192);          /* moves on to other memory */
    size_t used = arena.used;
    bp_arena_give_back(&arena, next);
    assert_int_equal(arena.used, used);
    assert_true(kept[0] == 3);
    bp_arena_free(&arena);
}

static void the_last_byte_can_be_had(void **state)
{
    struct bp_arena arena;

    (void)state;
    assert_int_equal(bp_arena_init(&arena, 4096), 0);
    memset(bp_arena_take(&arena, 4096), 1, 4096);
    assert_int_equal(arena.used, arena.size);
    bp_arena_free(&arena);
    assert_null(arena.memory);
    bp_arena_free(&arena);          /* twice is fine */
}

/* What was taken stays where it is; after a reset there is one piece for all of it. */
static void grows_and_becomes_one_piece(void **state)
{
    enum { ARRAYS = 40, SIZE = 1000 };
    struct bp_arena arena;
    float *array[ARRAYS];

    (void)state;
    assert_int_equal(bp_arena_init(&arena, 4096), 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < ARRAYS; i++) {
            array[i] = bp_arena_floats(&arena, SIZE);
            assert_int_equal((uintptr_t)array[i] % 64, 0);
            for (int j = 0; j < SIZE; j++)
                array[i][j] = (float)(round + i);
        }
        for (int i = 0; i < ARRAYS; i++)
            for (int j = 0; j < SIZE; j++)
                assert_true(array[i][j] == (float)(round + i));
        assert_int_equal(arena.peak, ARRAYS * 4032);
        if (round > 0)
            assert_int_equal(arena.outgrown, 0);
        bp_arena_reset(&arena);
        assert_int_equal(arena.used + arena.outgrown, 0);
        assert_true(arena.size >= ARRAYS * 4032);
    }
    bp_arena_floats(&arena, ARRAYS * SIZE);
    bp_arena_free(&arena);
    assert_int_equal(bp_arena_init(&arena, 64), 0);
    bp_arena_take(&arena, 128);             /* freed with an outgrown piece */
    bp_arena_take(&arena, 100000);
    bp_arena_free(&arena);
}

/* What no machine has: a core dump, not a wild pointer, also when the size wraps round. */
static void more_than_there_is_aborts(void **state)
{
    static const size_t sizes[] = {(size_t)1 << 62, SIZE_MAX};
    struct bp_arena arena;

    (void)state;
    assert_int_equal(bp_arena_init(&arena, 4096), 0);
    for (int i = 0; i < 2; i++) {
        int status;
        capture_begin();
        pid_t child = fork();
        if (child == 0) {
            signal(SIGABRT, SIG_DFL);
            bp_arena_take(&arena, sizes[i]);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        const char *said = capture_take();
        capture_end();
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        assert_said(said, "out of memory");
    }
    bp_arena_free(&arena);
}

struct work {
    struct bp_arena *arena;
    int begun, ended;
};

static void take_too_much(void *raw, int i)
{
    struct work *work = raw;

    work->begun++;
    bp_arena_take(work->arena, i ? (size_t)1 << 62 : 100);
    work->ended++;
}

/* Within a guard the work ends, also one in another, and the arena is as good as before. */
static void guarded_work_ends(void **state)
{
    struct bp_arena arena;
    struct work work = {&arena, 0, 0};

    (void)state;
    assert_int_equal(bp_arena_init(&arena, 4096), 0);
    assert_int_equal(bp_arena_guard(take_too_much, &work, 0), 0);
    capture_begin();
    int status = bp_arena_guard(take_too_much, &work, 1);
    const char *said = capture_take();
    capture_end();
    assert_int_equal(status, -1);
    assert_said(said, "out of memory: there are 128 bytes in use");
    assert_int_equal(bp_arena_guard(take_too_much, &work, 0), 0);
    assert_int_equal(work.begun, 3);
    assert_int_equal(work.ended, 2);
    assert_int_equal(arena.used, 2 * 128);
    bp_arena_free(&arena);
}

static void more_than_the_address_space_is_refused(void **state)
{
    struct bp_arena arena;

    (void)state;
    capture_begin();
    int status = bp_arena_init(&arena, (size_t)1 << 62);
    const char *said = capture_take();
    capture_end();
    assert_int_equal(status, -1);
    assert_said(said, "cannot reserve");
    assert_null(arena.memory);
    bp_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_aligned_and_apart),
        cmocka_unit_test(reset_gives_back),
        cmocka_unit_test(the_last_goes_back),
        cmocka_unit_test(the_last_byte_can_be_had),
        cmocka_unit_test(grows_and_becomes_one_piece),
        cmocka_unit_test(more_than_there_is_aborts),
        cmocka_unit_test(guarded_work_ends),
        cmocka_unit_test(more_than_the_address_space_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
