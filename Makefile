# Behavior Priors. `make help` lists the targets; INSTALL says more.
DEPS     := build-essential pkg-config libmujoco-dev libgsl-dev libsqlite3-dev zlib1g-dev libdeflate-dev libopenblas-dev libjansson-dev \
            libmd-dev libegl-dev libegl1 libgl1 libgl1-mesa-dri libosmesa6 libcmocka-dev sqlite3 gnuplot-nox mandoc python3 strace

# What is installed decides how to build: beside deps, the other goals wait for a make of their own, which looks at what there is then.
ifneq ($(filter deps,$(MAKECMDGOALS)),)
rest := $(filter-out deps,$(MAKECMDGOALS))
.PHONY: deps $(rest)
deps:                                   ## install the Debian packages that building, testing and drawing need (sudo when not root)
	@share/install-deps $(DEPS)
	$(if $(rest),+@$(MAKE) --no-print-directory $(rest))
$(rest): deps
	@:
else

B       ?= build
BIN     ?= bin
V       ?= @
# `sudo make install` installs what was built, though nobody repeats the flags to it.
ifneq ($(filter install uninstall,$(MAKECMDGOALS)),)
-include $(wildcard $(B)/flags/last.mk)
endif
prefix  ?= /usr/local
DESTDIR ?=
CC      ?= cc
# Processor to build for: native, or x86-64-v2, x86-64-v3, ... for programs that run elsewhere.
ARCH    ?= native
CFLAGS  ?= -O3 -g1
# Kernels for small matrices, where Debian has them (amd64): the version; LIBXSMM= builds without.
LIBXSMM ?= $(shell pkg-config --modversion libxsmm 2>/dev/null)

VERSION  := 0.2.0
PROGRAMS := bp-train bp-distill bp-transfer bp-rollout bp-stats
LAYERS   := base nn env store stats model learn run report

# 'TEXT' as one word of a shell; TEXT inside a C string; TEXT on the right side of sed's s|||.
quote     = '$(subst ','\'',$(1))'
c_text    = $(subst ",\",$(subst \,\\,$(1)))
sed_right = $(subst |,\|,$(subst &,\&,$(subst \,\\,$(1))))

# What the code needs, whatever CPPFLAGS, CFLAGS and LDFLAGS a user sets.
DEFINES  := -Ilib -D_GNU_SOURCE -DBP_VERSION='"$(VERSION)"' -DHAVE_INLINE -DGSL_RANGE_CHECK_OFF $(if $(LIBXSMM),-DBP_HAVE_LIBXSMM) \
            $(shell pkg-config --cflags openblas 2>/dev/null)
COMPILE  := -std=c11 -march=$(ARCH) -fopenmp-simd -ffp-contract=fast -fno-math-errno -fno-trapping-math \
            -Wall -Wextra -Wshadow -Wvla $(STRICT) -pthread $(SANITIZE)
# Debug information is half of a program, and packs well.
LINK     := -pthread $(SANITIZE) -Wl,--compress-debug-sections=zlib
LDLIBS   := $(if $(LIBXSMM),-lxsmm -ldl) -lmujoco -lgsl $(shell pkg-config --libs openblas 2>/dev/null || echo -lopenblas) \
            -lsqlite3 -ljansson -lmd -ldeflate -lz -ldl -lm

SOURCES := $(foreach l,$(LAYERS),$(sort $(wildcard lib/$l/*.c)))
OBJECTS := $(SOURCES:%.c=$(B)/%.o)
TESTS   := $(patsubst tests/lib/%.c,$(B)/tests/%,$(wildcard tests/lib/*/test_*.c))
BENCH   := $(B)/tests/bench/bench
FUZZ    := $(B)/tests/fuzz/bodies $(B)/tests/fuzz/episodes $(B)/tests/fuzz/states
PAGES   := $(wildcard man/*.[157])

.PHONY: all objects check check-generic check-strict check-thread check-fresh tests bench bench-torch fuzz-episodes fuzz-memory demo install uninstall clean help FORCE
.SECONDARY:
.DELETE_ON_ERROR:
all: $(PROGRAMS:%=$(BIN)/%)             ## build the programs into bin/

# ---- what was built with other flags is built anew ----

# Files that hold the flags, written when those change and only then; the compiler by its version, not by the names that lead to it.
COMPILER := $(wordlist 2,20,$(shell $(CC) --version 2>/dev/null | head -n 1))
write = @mkdir -p $(@D) && printf '%s\n' $(1) > $@
stale = $(if $(subst x$(file <$(1))x,,x$(strip $(2))x),FORCE)

compile_flags := $(strip $(COMPILER) $(DEFINES) $(CPPFLAGS) $(COMPILE) $(CFLAGS) $(LIBXSMM))
link_flags    := $(strip $(CFLAGS) $(LINK) $(LDFLAGS) $(LDLIBS))
$(B)/flags/compile: $(call stale,$(B)/flags/compile,$(compile_flags))
	$(call write,$(call quote,$(compile_flags)))
$(B)/flags/link: $(call stale,$(B)/flags/link,$(link_flags))
	$(call write,$(call quote,$(link_flags)))
$(B)/flags/prefix: $(call stale,$(B)/flags/prefix,$(prefix))
	$(call write,$(call quote,$(strip $(prefix))))
# Written whenever a program is asked for; as make reads it.
.PHONY: remember
remember:
	@mkdir -p $(B)/flags && printf '%s\n' $(foreach v,CC CPPFLAGS CFLAGS LDFLAGS ARCH LIBXSMM SANITIZE prefix,$(call quote,$v := $(subst $$,$$$$,$($v)))) > $(B)/flags/last.mk

# ---- rules ----

$(B)/libbp.a: $(OBJECTS)
	@echo "  AR    $@"
	@rm -f $@
	$(V)$(AR) rcs $@ $^

$(B)/%.o: %.c Makefile $(B)/flags/compile
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(V)$(CC) $(DEFINES) $(CPPFLAGS) $(COMPILE) $(WERROR) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/lib/base/share.o: DEFINES += -DBP_PREFIX=$(call quote,"$(call c_text,$(prefix))")
$(B)/lib/base/share.o: $(B)/flags/prefix

link = $(CC) $(CFLAGS) $(LINK) $(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^)

$(BIN)/%: $(B)/cmd/%.o $(B)/libbp.a $(B)/flags/link | remember
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(V)$(link) $(LDLIBS) -o $@

$(BENCH): $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/bench/*.c)))
$(BENCH): LINK += -Wl,--wrap=bp_act
$(FUZZ): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o
$(BENCH) $(FUZZ): $(B)/libbp.a $(B)/flags/link
	@echo "  LINK  $@"
	$(V)$(link) $(LDLIBS) -o $@

$(B)/tests/%: $(B)/tests/lib/%.o $(B)/libbp.a $(B)/flags/link
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(V)$(link) -lcmocka $(LDLIBS) -o $@

# ---- tests: here warnings are errors, unless WERROR= says otherwise ----

JOBS := $(shell nproc 2>/dev/null || echo 2)
again = $(MAKE) --no-print-directory -j$(JOBS) WERROR='$(if $(filter undefined,$(origin WERROR)),-Werror,$(WERROR))'

tests: $(TESTS) all

check:                                  ## unit and command tests, in a plain and in a sanitizer build
	@$(again) tests
	@$(again) B=build-sanitize BIN=build-sanitize/bin CFLAGS='-O1 -g -ftrivial-auto-var-init=pattern' \
	    SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined' tests
	@tests/run $(BIN) $(B) build-sanitize

check-generic:                          ## unit tests of builds for older processors, without libxsmm
	@for arch in x86-64-v2 x86-64-v3; do \
	    $(again) ARCH=$$arch LIBXSMM= B=build-$$arch BIN=build-$$arch/bin tests && \
	    tests/run '' build-$$arch || exit 1; done

# Beyond what every build warns of.
STRICTER := -Wconversion -Wsign-conversion -Wformat-security -Wformat-signedness -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
            -Wredundant-decls -Wpointer-arith -Wcast-align -Wundef -Wduplicated-cond -Wduplicated-branches \
            -Wlogical-op -Wnull-dereference -Wimplicit-fallthrough=5 -Wdate-time -Wunused-macros

check-strict:                           ## all sources compile with all useful warnings, as errors
	@$(again) B=build-strict STRICT='$(STRICTER)' objects
	@echo "1 passed, 0 failed"

objects: $(OBJECTS) $(PROGRAMS:%=$(B)/cmd/%.o) $(patsubst %.c,$(B)/%.o,$(wildcard tests/lib/*/*.c tests/bench/*.c tests/fuzz/*.c))

# Unit tests of what threads do side by side.
THREADED := base/test_pool nn/test_kernels env/test_model_cache learn/test_svg learn/test_distill run/test_actors run/test_cycle \
            run/test_evaluate run/test_rollout run/test_fit run/test_train
check-thread:                           ## unit tests and short runs on several threads, under the thread sanitizer
	@$(again) B=build-thread BIN=build-thread/bin CFLAGS='-O1 -g' SANITIZE='-fsanitize=thread' all $(THREADED:%=build-thread/tests/%)
	@tests/thread build-thread $(THREADED)

check-fresh:                            ## deps, build and a short run in a bare Debian root, twice, to the same bytes (needs root, debootstrap)
	@tests/fresh

bench:                                  ## measure speed, each figure beside its limit
	@$(MAKE) --no-print-directory all $(BENCH) >&2
	@tests/bench/run $(BIN) $(BENCH) $(if $(TSV),--tsv) $(PARTS)

bench-torch: $(BENCH)                   ## the updates beside PyTorch's: python3-torch, or any with PYTHON=
	@PYTHON='$(PYTHON)' tests/bench/torch $(BENCH)

EPISODES ?= 10000
fuzz-episodes: $(B)/tests/fuzz/episodes    ## EPISODES random episodes of every task: no warning of the simulator that is not told
	@$< $(EPISODES)

STEP ?= 1
$(B)/tests/fuzz/failing.so: tests/fuzz/failing.c
	@mkdir -p $(@D)
	$(V)$(CC) -D_GNU_SOURCE -Wall -Wextra -O1 -shared -fPIC -o $@ $<
fuzz-memory: all $(B)/tests/fuzz/failing.so    ## let each STEP-th allocation of short commands fail, one at a time
	@tests/fuzz/memory $(BIN) $(B)/tests/fuzz/failing.so every $(STEP)

demo: all                               ## train a prior, play it on a task it never saw, draw it, query the run: under 5 minutes
	@share/demo $(BIN)

# ---- installation: DESTDIR and prefix may have spaces ----

dest = $(call quote,$(DESTDIR)$(prefix))

install: all                            ## copy programs, pages, library and shared files under $(prefix)
	install -d $(dest)/bin $(dest)/lib/pkgconfig $(dest)/share/bash-completion/completions $(dest)/share/bp
	install -d $(foreach s,1 5 7,$(dest)/share/man/man$s)
	install -m 755 $(PROGRAMS:%=$(BIN)/%) $(dest)/bin
	install -m 644 $(B)/libbp.a $(dest)/lib
	for dir in $(LAYERS); do install -d $(dest)/include/bp/$$dir && \
	    install -m 644 lib/$$dir/*.h $(dest)/include/bp/$$dir || exit 1; done
	sed -e $(call quote,s|@prefix@|$(call sed_right,$(prefix))|; s|@version@|$(VERSION)|; s|@libs@|$(LDLIBS)|) share/bp.pc.in \
	    > $(dest)/lib/pkgconfig/bp.pc
	for page in $(PAGES); do install -m 644 $$page $(dest)/share/man/man$${page##*.} || exit 1; done
	cp -R share/bodies share/presets share/plots share/read_bp.py $(dest)/share/bp
	install -m 644 share/completions/bp.bash $(dest)/share/bash-completion/completions/bp-train
	for p in bp-distill bp-transfer bp-rollout bp-stats; do \
	    ln -sf bp-train $(dest)/share/bash-completion/completions/$$p || exit 1; done

uninstall:                              ## take away what install copied
	rm -f $(foreach p,$(PROGRAMS),$(dest)/bin/$p) $(dest)/lib/libbp.a $(dest)/lib/pkgconfig/bp.pc
	for page in $(notdir $(PAGES)); do rm -f $(dest)/share/man/man$${page##*.}/$$page; done
	rm -rf $(dest)/share/bp $(dest)/include/bp
	rm -f $(foreach p,$(PROGRAMS),$(dest)/share/bash-completion/completions/$p)

clean:                                  ## remove what was built
	rm -rf $(B) build-*
	rm -f $(PROGRAMS:%=$(BIN)/%)
	if [ -d $(BIN) ]; then rmdir --ignore-fail-on-non-empty $(BIN); fi

help:                                   ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

-include $(shell find $(B) -name '*.d' 2>/dev/null)
endif
