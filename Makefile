# SPDX-License-Identifier: MIT
# The only build file. build/$(BUILD)/ per variant: debug (default), release, asan, tsan, cover (gcov), fuzz (clang libFuzzer).
# `make` builds the program, `make unit` builds and runs the unit tests, `make fuzz-replay` replays the corpora.

BUILD ?= debug
ifeq ($(origin CC),default)
  CC := gcc
endif
OUT := build/$(BUILD)

PKGS := openssl libnghttp2 sqlite3 libcurl libseccomp inih libqrencode liboath
CFLAGS_PKG := $(shell pkg-config --cflags $(PKGS) libpq)
# libcurl is loaded when a call to another server is due (src/fetch/fetch.c), never linked.
LIBS := $(shell pkg-config --libs $(filter-out libcurl,$(PKGS))) -largon2 -lcrypt -lpthread

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wformat=2 -Wvla -Wstrict-prototypes \
        -Wmissing-prototypes -Wwrite-strings -Wundef -Wswitch-enum -Wimplicit-fallthrough -Werror
HARD := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fPIE
BASE := -std=c17 -D_GNU_SOURCE -Isrc -g -fno-strict-aliasing -fno-omit-frame-pointer -MMD -MP $(WARN) $(HARD) $(CFLAGS_PKG)
LD := -pie -Wl,-z,relro,-z,now,-z,noexecstack

ifeq ($(BUILD),release)
  MODE := -O2 -DJETON_RELEASE -D_FORTIFY_SOURCE=3 -ftrivial-auto-var-init=zero -ffunction-sections -fdata-sections \
          -fno-asynchronous-unwind-tables
  # The whole program is compiled at once: what is asked a thousand times a second is small and lies in many files.
  MODE += -flto=auto -fno-plt -fomit-frame-pointer
  AR := gcc-ar
  LD += -Wl,--gc-sections -Wl,--as-needed -Wl,-z,pack-relative-relocs
else ifeq ($(BUILD),asan)
  MODE := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
  LD += -fsanitize=address,undefined
else ifeq ($(BUILD),tsan)
  MODE := -O1 -fsanitize=thread
  LD += -fsanitize=thread
else ifeq ($(BUILD),cover)
  MODE := -O0 --coverage
  LD += --coverage
else ifeq ($(BUILD),fuzz)
  CC := clang
  MODE := -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all -Wno-gnu-statement-expression
  LD += -fsanitize=address,undefined
else
  MODE := -O1
endif
ifneq (,$(findstring clang,$(CC)))
  BASE := $(filter-out -fcf-protection=full,$(BASE))
  MODE := $(filter-out -ftrivial-auto-var-init=zero -flto=auto,$(MODE))
  AR := ar
endif

SRC := $(wildcard src/*/*.c src/*/*/*.c)
OBJ := $(SRC:%.c=$(OUT)/%.o)
LIB := $(OUT)/libjeton.a
UNIT_DIRS := $(notdir $(patsubst %/,%,$(sort $(dir $(wildcard test/unit/*/*_test.c)))))
UNITS := $(UNIT_DIRS:%=$(OUT)/unit/%) $(OUT)/unit/main
FIXTURES := $(filter-out %_test.c,$(wildcard test/unit/*.c))
FUZZ_STEMS := $(patsubst test/fuzz/fuzz_%.c,%,$(wildcard test/fuzz/fuzz_*.c))
comma := ,
VERSION := $(shell cat VERSION 2>/dev/null || echo 0)

.PHONY: all unit units benches fuzz-build fuzz-replay clean
.SECONDARY:
all: build/jeton$(if $(filter release,$(BUILD)),,-$(BUILD))

build/jeton: $(OUT)/jeton
	cp $< $@.new && strip $@.new && mv $@.new $@
build/jeton-$(BUILD): $(OUT)/jeton
	ln -sf $(BUILD)/jeton $@

$(OUT)/jeton: $(OUT)/src/main.o $(LIB)
	$(CC) $(MODE) $(HARD) $(LD) -o $@ $< $(LIB) $(LIBS)

# Made anew each time: an archive would keep the objects of files that are gone.
$(LIB): $(OBJ) $(OUT)/catalogue.o
	@rm -f $@
	@$(AR) rcs $@ $^

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	@echo "cc $<"; $(CC) $(BASE) $(MODE) -DJETON_VERSION='"$(VERSION)"' -c -o $@ $<

# Rooms where nothing is hot: people's pages, the command line, what administrators do, calls to others.
ifeq ($(BUILD),release)
$(OUT)/src/cli/%.o $(OUT)/src/endpoint/console/%.o $(OUT)/src/page/%.o: MODE += -Os
$(OUT)/src/client/metadata%.o $(OUT)/src/client/client_%.o $(OUT)/src/registration/%.o $(OUT)/src/config/settings%.o: MODE += -Os
$(OUT)/src/fetch/%.o $(OUT)/src/server/outbox.o $(OUT)/src/server/tls.o: MODE += -Os
endif

# And those through which each request goes.
ifeq ($(BUILD),release)
$(OUT)/src/base/%.o $(OUT)/src/codec/%.o $(OUT)/src/http/%.o $(OUT)/src/crypto/%.o $(OUT)/src/token/%.o: MODE += -O3
endif

# Embedded files are prerequisites of the objects that .incbin them.
ASSETS := $(wildcard assets/* assets/*/*)
SQL := $(wildcard src/store/sql/*.sql)
$(OUT)/src/page/assets.o: $(ASSETS)
$(OUT)/src/store/migrations.o: $(SQL)
$(OUT)/common-passwords: assets/common-passwords.txt tools/front.awk
	@mkdir -p $(@D)
	@LC_ALL=C awk -f tools/front.awk $< >$@
$(OUT)/src/user/common.o: $(OUT)/common-passwords
$(OUT)/src/user/common.o: BASE += -DCOMMON_LIST='"$(OUT)/common-passwords"'
$(OUT)/src/config/settings.o $(OUT)/src/cli/cmd_version.o: VERSION

# The catalogues of what people read, English first: PO files become one C file (tools/catalogue.awk).
PO := assets/po/en.po $(filter-out assets/po/en.po,$(sort $(wildcard assets/po/*.po)))
$(OUT)/catalogue.c: tools/catalogue.awk $(PO)
	@mkdir -p $(@D)
	@LC_ALL=C awk -f tools/catalogue.awk $(PO) >$@.new && mv $@.new $@
# The tests' own, with a language that has every text in brackets; $(OUT)/jeton-pseudo is the program in it.
$(OUT)/pseudo.po: tools/pseudo.awk assets/po/en.po
	@mkdir -p $(@D)
	@LC_ALL=C awk -f tools/pseudo.awk assets/po/en.po >$@.new && mv $@.new $@
$(OUT)/catalogue-pseudo.c: tools/catalogue.awk assets/po/en.po $(OUT)/pseudo.po
	@LC_ALL=C awk -f tools/catalogue.awk assets/po/en.po $(OUT)/pseudo.po >$@.new && mv $@.new $@
$(OUT)/catalogue.o $(OUT)/catalogue-pseudo.o: $(OUT)/%.o: $(OUT)/%.c
	@echo "cc $<"; $(CC) $(BASE) $(MODE) -c -o $@ $<
$(OUT)/jeton-pseudo: $(OUT)/src/main.o $(OUT)/catalogue-pseudo.o $(LIB)
	$(CC) $(MODE) $(HARD) $(LD) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)

# One test program a folder, mirrored under test/unit; Criterion registers tests by itself. It cannot live with the thread sanitizer, where
# test/tsan/runner.c stands for it.
ifeq ($(BUILD),tsan)
  RUNNER := $(OUT)/test/tsan/runner.o
else
  RUN_LIB := -lcriterion
endif
define unit_rule
$(OUT)/unit/$(1): $(OUT)/catalogue-pseudo.o $(patsubst %.c,$(OUT)/%.o,$(FIXTURES) $(wildcard $(addprefix test/unit/$(1)/,*.c */*.c */*/*.c))) $(RUNNER) $(LIB)
	@mkdir -p $$(@D)
	$(CC) $(MODE) $(HARD) $(filter-out -Wl$(comma)--gc-sections,$(LD)) -o $$@ $$(filter %.o,$$^) $(LIB) $(LIBS) $(RUN_LIB) -lpq
endef
$(foreach d,$(UNIT_DIRS),$(eval $(call unit_rule,$(d))))
# src/main.c stands in no library, and Criterion has a main of its own.
$(OUT)/src/main-tested.o: src/main.c
	@mkdir -p $(@D)
	@echo "cc $< (tested)"; $(CC) $(BASE) $(MODE) -Dmain=main_tested -Wno-missing-prototypes -c -o $@ $<
$(OUT)/unit/main: $(OUT)/catalogue-pseudo.o $(OUT)/src/main-tested.o $(OUT)/test/unit/main_test.o $(FIXTURES:%.c=$(OUT)/%.o) $(RUNNER) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(MODE) $(HARD) $(filter-out -Wl$(comma)--gc-sections,$(LD)) -o $@ $(filter %.o,$^) $(LIB) $(LIBS) $(RUN_LIB) -lpq
$(OUT)/test/%.o: BASE += -Itest/unit -Wno-missing-prototypes -Wno-pedantic -Wno-conversion -Wno-sign-conversion

units: $(UNITS)
unit: $(UNITS)
	@set -e; for u in $(UNITS); do echo "== $$u"; $$u --jobs 2; done

# IN-09: each reader of foreign bytes has a fuzz target: one file with LLVMFuzzerTestOneInput; under gcc test/fuzz/replay.c runs it
# over its corpus.
$(OUT)/fuzz/%: $(OUT)/test/fuzz/fuzz_%.o $(OUT)/catalogue-pseudo.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(MODE) -fsanitize=fuzzer $(LD) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)
$(OUT)/replay/%: $(OUT)/test/fuzz/fuzz_%.o $(OUT)/test/fuzz/replay.o $(OUT)/catalogue-pseudo.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(MODE) $(HARD) $(LD) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)
fuzz-build: $(FUZZ_STEMS:%=$(OUT)/fuzz/%)
fuzz-replay: $(FUZZ_STEMS:%=$(OUT)/replay/%)
	@set -e; for f in $(FUZZ_STEMS); do $(OUT)/replay/$$f test/fuzz/corpus/$$f; done

# For the guard that lets PostgreSQL read every statement of the store.
$(OUT)/statements: $(OUT)/test/guard/statements.o $(LIB)
	$(CC) $(MODE) $(HARD) $(LD) -o $@ $^ $(LIBS)

# What test_framing.py compares with foreign readers of HTTP.
$(OUT)/echo: $(OUT)/test/e2e/echo.o $(LIB)
	$(CC) $(MODE) $(HARD) $(LD) -o $@ $< $(LIB) $(LIBS)

# For the test that compares our reading of JSON with that of others.
$(OUT)/json_echo: $(OUT)/test/e2e/json_echo.o $(LIB)
	$(CC) $(MODE) $(HARD) $(LD) -o $@ $^ $(LIBS)

# The limit programs, the load and the preparer of `./dev bench` (bench/run).
BENCHES := $(patsubst bench/%.c,$(OUT)/bench/%,$(wildcard bench/*.c))
$(OUT)/bench/%: $(OUT)/bench/%.o $(LIB)
	$(CC) $(MODE) $(HARD) $(LD) -o $@ $< $(LIB) $(LIBS)
$(OUT)/bench/limit_postgres: LIBS += -lpq
benches: $(BENCHES)

clean:
	rm -rf build

-include $(OBJ:.o=.d) $(OUT)/catalogue.d $(OUT)/catalogue-pseudo.d $(OUT)/src/main.d $(OUT)/src/main-tested.d $(wildcard $(addprefix $(OUT)/test/,*/*.d */*/*.d */*/*/*.d */*/*/*/*.d */*/*/*/*/*.d)) $(wildcard $(OUT)/bench/*.d)
