# Behavior Priors. `make help` lists the targets; INSTALL says more.
prefix  ?= /usr/local
DESTDIR ?=
CC      ?= cc
# Processor to build for: native, or x86-64-v2, x86-64-v3, ... for programs that run elsewhere.
ARCH    ?= native
WERROR  ?= -Werror
B       ?= build
BIN     ?= bin
V       ?= @

VERSION  := 0.1.0
PROGRAMS := bp-train bp-distill bp-transfer bp-rollout bp-stats
LAYERS   := base nn env store stats model learn run report
DEPS     := build-essential pkg-config libmujoco-dev libgsl-dev libsqlite3-dev zlib1g-dev libdeflate-dev libopenblas-dev libjansson-dev \
            libmd-dev libegl-dev libegl1 libgl1 libgl1-mesa-dri libosmesa6 libcmocka-dev sqlite3 gnuplot-nox mandoc python3 strace

CPPFLAGS += -Ilib -D_GNU_SOURCE -DBP_VERSION='"$(VERSION)"' -DBP_PREFIX='"$(prefix)"' -DHAVE_INLINE -DGSL_RANGE_CHECK_OFF \
            $(shell pkg-config --cflags openblas 2>/dev/null)
CFLAGS   ?= -O3 -g
# What the code needs, whatever CFLAGS a user sets.
COMPILE  := -std=c11 -march=$(ARCH) -fopenmp-simd -ffp-contract=fast -fno-math-errno -fno-trapping-math \
            -Wall -Wextra -Wshadow -Wvla $(WERROR) -pthread $(SANITIZE)
# Debug information is half of a program, and packs well.
LDFLAGS  += -pthread $(SANITIZE) -Wl,--compress-debug-sections=zlib
LDLIBS   := -lmujoco -lgsl $(shell pkg-config --libs openblas 2>/dev/null || echo -lopenblas) -lsqlite3 -ljansson -lmd -ldeflate -lz -ldl -lm
# Kernels for small matrices, where Debian has them (amd64); LIBXSMM= builds without.
LIBXSMM  ?= $(shell pkg-config --exists libxsmm 2>/dev/null && echo yes)
ifneq ($(LIBXSMM),)
CPPFLAGS += -DBP_HAVE_LIBXSMM
LDLIBS   := -lxsmm -ldl $(LDLIBS)
endif

SOURCES := $(foreach l,$(LAYERS),$(wildcard lib/$l/*.c))
OBJECTS := $(SOURCES:%.c=$(B)/%.o)
TESTS   := $(patsubst tests/lib/%.c,$(B)/tests/%,$(wildcard tests/lib/*/test_*.c))
PAGES   := $(wildcard man/*.[157])

.PHONY: all deps check check-generic tests bench bench-torch fuzz-episodes demo install uninstall clean help
.SECONDARY:
.DELETE_ON_ERROR:
all: $(PROGRAMS:%=$(BIN)/%)             ## build the programs into bin/

$(B)/libbp.a: $(OBJECTS)
	@echo "  AR    $@"
	@rm -f $@
	$(V)$(AR) rcs $@ $^

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(V)$(CC) $(CPPFLAGS) $(COMPILE) $(CFLAGS) -MMD -MP -c $< -o $@

$(BIN)/%: $(B)/cmd/%.o $(B)/libbp.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(V)$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(B)/tests/bench/bench: $(patsubst %.c,$(B)/%.o,$(wildcard tests/bench/*.c))
$(B)/tests/bench/bench: LDFLAGS += -Wl,--wrap=bp_act
$(B)/tests/fuzz/bodies: $(B)/tests/fuzz/bodies.o
$(B)/tests/fuzz/episodes: $(B)/tests/fuzz/episodes.o
$(B)/tests/bench/bench $(B)/tests/fuzz/bodies $(B)/tests/fuzz/episodes: $(B)/libbp.a
	@echo "  LINK  $@"
	$(V)$(CC) $(LDFLAGS) $(filter %.o,$^) $(B)/libbp.a $(LDLIBS) -o $@

$(B)/tests/%: $(B)/tests/lib/%.o $(B)/libbp.a
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	$(V)$(CC) $(LDFLAGS) $^ -lcmocka $(LDLIBS) -o $@

deps:                                   ## install the Debian packages that building, testing and drawing need (sudo when not root)
	@share/install-deps $(DEPS)

tests: $(TESTS) all

JOBS := $(shell nproc 2>/dev/null || echo 2)
check:                                  ## unit and command tests, in a plain and in a sanitizer build
	@$(MAKE) --no-print-directory -j$(JOBS) tests
	@$(MAKE) --no-print-directory -j$(JOBS) B=build-sanitize BIN=build-sanitize/bin CFLAGS='-O1 -g' \
	    SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined' WERROR='-Wno-format-truncation -Wno-maybe-uninitialized' tests
	@tests/run $(BIN) $(B) build-sanitize

check-generic:                          ## unit tests of builds for older processors, without libxsmm
	@for arch in x86-64-v2 x86-64-v3; do \
	    $(MAKE) --no-print-directory -j$(JOBS) ARCH=$$arch LIBXSMM= B=build-$$arch BIN=build-$$arch/bin tests && \
	    tests/run '' build-$$arch || exit 1; done

bench:                                  ## measure speed, each figure beside its limit
	@$(MAKE) --no-print-directory all $(B)/tests/bench/bench >&2
	@tests/bench/run $(BIN) $(B)/tests/bench/bench $(if $(TSV),--tsv) $(PARTS)

bench-torch: $(B)/tests/bench/bench        ## the updates beside PyTorch's (python3-torch)
	@tests/bench/torch $(B)/tests/bench/bench

EPISODES ?= 10000
fuzz-episodes: $(B)/tests/fuzz/episodes    ## EPISODES random episodes of every task: no warning of the simulator that is not told
	@$< $(EPISODES)

demo: all                               ## train a prior, play it on a task it never saw, draw it, query the run: under 5 minutes
	@share/demo $(BIN)

install: all                            ## copy programs, pages, library and shared files under $(prefix)
	install -d $(DESTDIR)$(prefix)/bin $(DESTDIR)$(prefix)/lib/pkgconfig $(DESTDIR)$(prefix)/share/bash-completion/completions
	install -d $(foreach s,1 5 7,$(DESTDIR)$(prefix)/share/man/man$s) $(DESTDIR)$(prefix)/share/bp
	install -m 755 $(PROGRAMS:%=$(BIN)/%) $(DESTDIR)$(prefix)/bin
	install -m 644 $(B)/libbp.a $(DESTDIR)$(prefix)/lib
	for dir in $(LAYERS); do install -d $(DESTDIR)$(prefix)/include/bp/$$dir && \
	    install -m 644 lib/$$dir/*.h $(DESTDIR)$(prefix)/include/bp/$$dir || exit 1; done
	sed -e 's|@prefix@|$(prefix)|; s|@version@|$(VERSION)|; s|@libs@|$(LDLIBS)|' share/bp.pc.in > $(DESTDIR)$(prefix)/lib/pkgconfig/bp.pc
	for page in $(PAGES); do install -m 644 $$page $(DESTDIR)$(prefix)/share/man/man$${page##*.} || exit 1; done
	cp -R share/bodies share/presets share/plots share/read_bp.py $(DESTDIR)$(prefix)/share/bp
	install -m 644 share/completions/bp.bash $(DESTDIR)$(prefix)/share/bash-completion/completions/bp-train
	for p in bp-distill bp-transfer bp-rollout bp-stats; do \
	    ln -sf bp-train $(DESTDIR)$(prefix)/share/bash-completion/completions/$$p || exit 1; done

uninstall:                              ## take away what install copied
	rm -f $(PROGRAMS:%=$(DESTDIR)$(prefix)/bin/%) $(DESTDIR)$(prefix)/lib/libbp.a $(DESTDIR)$(prefix)/lib/pkgconfig/bp.pc
	for page in $(notdir $(PAGES)); do rm -f $(DESTDIR)$(prefix)/share/man/man$${page##*.}/$$page; done
	rm -rf $(DESTDIR)$(prefix)/share/bp $(DESTDIR)$(prefix)/include/bp
	rm -f $(PROGRAMS:%=$(DESTDIR)$(prefix)/share/bash-completion/completions/%)

clean:                                  ## remove what was built
	rm -rf $(B) $(BIN) build-*

help:                                   ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

-include $(shell find $(B) -name '*.d' 2>/dev/null)
