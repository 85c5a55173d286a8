#include "env/gl.h"

#include <EGL/egl.h>
#include <dlfcn.h>
#include <stdlib.h>

static bool started;

/*
 * MuJoCo looks for functions among the global symbols of the process, EGL's before OSMesa's. So libraries are loaded locally, and made
 * global only if they work.
 */
static void show(const char *name)
{
    (void)dlopen(name, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
}

/* ---- EGL ---- */

static const char egl_library[] = "libEGL.so.1", gl_library[] = "libGL.so.1";

struct egl {
    EGLDisplay (*display)(EGLNativeDisplayType);
    EGLBoolean (*initialize)(EGLDisplay, EGLint *, EGLint *);
    EGLBoolean (*bind)(EGLenum);
    EGLBoolean (*choose)(EGLDisplay, const EGLint *, EGLConfig *, EGLint, EGLint *);
    EGLContext (*context)(EGLDisplay, EGLConfig, EGLContext, const EGLint *);
    EGLBoolean (*current)(EGLDisplay, EGLSurface, EGLSurface, EGLContext);
};

/* Names in the order of the members. */
static bool find(void *library, void **functions, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (!(functions[i] = dlsym(library, names[i])))
            return false;
    return true;
}

static bool start_egl(void)
{
    static const char *const names[] = {"eglGetDisplay", "eglInitialize", "eglBindAPI", "eglChooseConfig", "eglCreateContext", "eglMakeCurrent"};
    static const EGLint wanted[] = {EGL_SURFACE_TYPE, EGL_PBUFFER_BIT, EGL_RED_SIZE, 8, EGL_GREEN_SIZE, 8, EGL_BLUE_SIZE, 8, EGL_DEPTH_SIZE, 24,
                                    EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_NONE};
    void *library = dlopen(egl_library, RTLD_NOW), *gl = dlopen(gl_library, RTLD_NOW);
    struct egl egl;
    EGLDisplay display;
    EGLContext context;
    EGLConfig config;
    EGLint n;

    if (!library || !gl || !find(library, (void **)&egl, names, sizeof names / sizeof *names))
        return false;
    setenv("EGL_PLATFORM", "surfaceless", 0);
    display = egl.display(EGL_DEFAULT_DISPLAY);
    if (!(display != EGL_NO_DISPLAY && egl.initialize(display, NULL, NULL) && egl.bind(EGL_OPENGL_API) &&
          egl.choose(display, wanted, &config, 1, &n) && n == 1 &&
          (context = egl.context(display, config, EGL_NO_CONTEXT, NULL)) != EGL_NO_CONTEXT &&
          egl.current(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context)))
        return false;
    show(egl_library);
    show(gl_library);
    return true;
}

/* ---- OSMesa ---- */

static const char osmesa_library[] = "libOSMesa.so.8";

enum { OSMESA_RGBA = 0x1908, OSMESA_BYTES = 0x1401 };

static bool start_osmesa(int width, int height)
{
    void *library = dlopen(osmesa_library, RTLD_NOW);
    void *(*create)(unsigned, int, int, int, void *);
    unsigned char (*current)(void *, void *, unsigned, int, int);

    if (!library || !(*(void **)&create = dlsym(library, "OSMesaCreateContextExt")) ||
        !(*(void **)&current = dlsym(library, "OSMesaMakeCurrent")))
        return false;
    void *context = create(OSMESA_RGBA, 24, 8, 0, NULL);
    void *buffer = calloc((size_t)width * (size_t)height, 4);       /* kept while the process lives, as is the context */
    if (!context || !buffer || !current(context, buffer, OSMESA_BYTES, width, height))
        return false;
    show(osmesa_library);
    return true;
}

int bp_gl_start(int width, int height)
{
    started = started || start_egl() || start_osmesa(width, height);
    return started ? 0 : bp_error(BP_FAILURE, "cannot draw: neither EGL (Debian's libegl1, libgl1 and libgl1-mesa-dri) nor OSMesa (libosmesa6) works here");
}
