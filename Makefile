# Behavior Priors. `make help` lists the targets.
prefix  ?= /usr/local
DESTDIR ?=
CC      ?= cc
ARCH    ?= native
WERROR  ?= -Werror
B       ?= build
BIN     ?= bin

VERSION  := 0.1.0
PROGRAMS := bp-train bp-distill bp-transfer bp-rollout bp-stats
LAYERS   := base nn env store stats model learn run report
DEPS     := build-essential pkg-config libmujoco-dev libgsl-dev libsqlite3-dev zlib1g-dev libopenblas-dev libjansson-dev \
            libcmocka-dev sqlite3 gnuplot-nox mandoc python3 strace

CPPFLAGS += -Ilib -D_GNU_SOURCE -DBP_VERSION='"$(VERSION)"' -DBP_PREFIX='"$(prefix)"' -DHAVE_INLINE -DGSL_RANGE_CHECK_OFF
CPPFLAGS += $(shell pkg-config --cflags openblas 2>/dev/null)
CFLAGS   ?= -O3 -g
CFLAGS   += -std=c11 -march=$(ARCH) -fopenmp-simd -fno-math-errno -fno-trapping-math \
            -Wall -Wextra -Wshadow -Wvla $(WERROR) -pthread $(SANITIZE)
LDFLAGS  += -pthread $(SANITIZE)
LDLIBS   := -lmujoco -lgsl $(shell pkg-config --libs openblas 2>/dev/null || echo -lopenblas) -lsqlite3 -ljansson -lz -lm
# Kernels for small matrices, where Debian has them (amd64); LIBXSMM= builds without.
LIBXSMM  ?= $(shell pkg-config --exists libxsmm 2>/dev/null && echo yes)
ifneq ($(LIBXSMM),)
CPPFLAGS += -DBP_HAVE_LIBXSMM
LDLIBS   := -lxsmm -ldl $(LDLIBS)
endif

SOURCES := $(foreach l,$(LAYERS),$(wildcard lib/$l/*.c))
OBJECTS := $(SOURCES:%.c=$(B)/%.o)
TESTS   := $(patsubst tests/lib/%.c,$(B)/tests/%,$(wildcard tests/lib/*/test_*.c))

.PHONY: all deps check bench demo install uninstall clean help
.SECONDARY:
all: $(PROGRAMS:%=$(BIN)/%)

$(B)/libbp.a: $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BIN)/%: $(B)/cmd/%.o $(B)/libbp.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(B)/tests/%: $(B)/tests/lib/%.o $(B)/libbp.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $^ -lcmocka $(LDLIBS) -o $@

-include $(shell find $(B) -name '*.d' 2>/dev/null)
