#include "run/version.h"

#include "env/physics.h"
#include "nn/kernels.h"
#include "store/pack.h"
#include "store/rundb.h"

#include <gsl/gsl_version.h>

static const char *gsl(void)
{
    return gsl_version;
}

static const struct { const char *name; const char *(*version)(void); } libraries[] = {
    {"MuJoCo", bp_physics_version}, {"GSL", gsl}, {"OpenBLAS", bp_kernels_openblas_version}, {"libxsmm", bp_kernels_libxsmm_version},
    {"SQLite", bp_rundb_version}, {"zlib", bp_pack_zlib_version}, {"libdeflate", bp_pack_libdeflate_version}, {"Jansson", jansson_version_str},
};

void bp_version(FILE *file)
{
    char text[256];

    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        fprintf(file, "%s %s %s", i ? "," : "libraries:", libraries[i].name, libraries[i].version());
    bp_kernels_list(text, sizeof text);
    fprintf(file, "\nkernels: %s\n", text);
    bp_kernels_processor(text, sizeof text);
    fprintf(file, "processor: %s\n", text);
}
