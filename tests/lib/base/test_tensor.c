#include "base/tensor.h"

#include "check.h"

#include <string.h>

static void sizes(void **state)
{
    double data[6];
    struct bp_tensor matrix = bp_tensor_2d("m", BP_F64, 2, 3, data), vector = bp_tensor_1d("v", BP_U8, 5, data);
    struct bp_tensor scalar = {.dtype = BP_I64}, empty = bp_tensor_2d("e", BP_F32, 0, 7, NULL);

    (void)state;
    assert_int_equal(bp_tensor_count(&matrix), 6);
    assert_int_equal(bp_tensor_bytes(&matrix), sizeof data);
    assert_int_equal(bp_tensor_count(&vector), 5);
    assert_int_equal(bp_tensor_bytes(&vector), 5);
    assert_int_equal(bp_tensor_count(&scalar), 1);
    assert_int_equal(bp_tensor_bytes(&scalar), 8);
    assert_int_equal(bp_tensor_bytes(&empty), 0);
}

/* Counts whose product leaves 32 bits: a replay of a million long rows. */
static void large_counts(void **state)
{
    struct bp_tensor large = bp_tensor_2d("replay", BP_F32, 3000000, 4000, NULL);

    (void)state;
    assert_true(bp_tensor_count(&large) == (size_t)12000000000);
    assert_true(bp_tensor_bytes(&large) == (size_t)48000000000);
}

static void every_dtype_has_its_size(void **state)
{
    (void)state;
    assert_int_equal(bp_dtype_size(BP_U8), 1);
    assert_int_equal(bp_dtype_size(BP_I32), sizeof(int32_t));
    assert_int_equal(bp_dtype_size(BP_I64), sizeof(int64_t));
    assert_int_equal(bp_dtype_size(BP_U64), sizeof(uint64_t));
    assert_int_equal(bp_dtype_size(BP_F16), sizeof(uint16_t));
    assert_int_equal(bp_dtype_size(BP_F32), sizeof(float));
    assert_int_equal(bp_dtype_size(BP_F64), sizeof(double));
}

static void found_by_name(void **state)
{
    float a, b;
    const struct bp_tensor tensors[] = {bp_tensor_1d("policy/0/weight", BP_F32, 1, &a), bp_tensor_1d("policy/0/bias", BP_F32, 1, &b)};

    (void)state;
    assert_ptr_equal(bp_tensor_find(tensors, 2, "policy/0/bias"), &tensors[1]);
    assert_null(bp_tensor_find(tensors, 2, "policy/0"));
    assert_null(bp_tensor_find(tensors, 0, "policy/0/bias"));
}

static void long_names_are_cut(void **state)
{
    char name[200];
    struct bp_tensor tensor;

    (void)state;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    tensor = bp_tensor_1d(name, BP_F32, 1, NULL);
    assert_int_equal(strlen(tensor.name), BP_TENSOR_NAME - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(large_counts),
        cmocka_unit_test(every_dtype_has_its_size),
        cmocka_unit_test(found_by_name),
        cmocka_unit_test(long_names_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
