# The Makefile, with a compiler that only writes down how it was called: what is built when, with which flags, and where it is installed.
. "$TEST_LIB"
mkdir top tools
cp -R "$TEST_TOP/Makefile" "$TEST_TOP/cmd" "$TEST_TOP/man" "$TEST_TOP/share" top
mkdir -p top/lib top/tests
cp -R "$TEST_TOP"/lib/* top/lib
find top/lib -name '*.c' ! -path '*/base/share.c' ! -path '*/nn/matmul.c' -delete     # two are enough
cat >tools/cc <<'C'
#!/bin/sh
[ "$1" != --version ] || { echo "cc (a note) 1.0"; exit; }
line=$* source=
while [ $# -gt 0 ]; do
    case $1 in
    -o) out=$2; shift ;;
    *.c) source=$1 ;;
    esac
    shift
done
echo "${source:-link}" >>"$NOTES"
echo "$line" >"$out"
C
printf '#!/bin/sh\n[ "$*" != "--modversion libxsmm" ] || [ ! -e "$NOTES.installed" ] || echo 1.17.0\n' >tools/pkg-config
printf '#!/bin/sh\ntouch "$NOTES.installed"\n' >top/share/install-deps
printf '#!/bin/sh\nout=$2; shift 2; cat "$@" >"$out"\n' >tools/ar
chmod +x tools/* top/share/install-deps
export NOTES=$PWD/notes
unset MAKEFLAGS MAKELEVEL MFLAGS CFLAGS CPPFLAGS LDFLAGS ARCH LIBXSMM WERROR
make="make -C top CC=$PWD/tools/cc AR=$PWD/tools/ar V=@"
PATH=$PWD/tools:$PATH
files=$(ls top/lib/*/*.c top/cmd/*.c | wc -l)
built() {       # built NAME COMPILED LINKED ARGUMENT...: so many sources are compiled, and programs linked
    local name=$1 compiled=$2 linked=$3
    shift 3
    : >notes
    ok "$name" $make "$@"
    is "  compiles" "$(grep -c '\.c$' notes)" "$compiled"
    is "  links" "$(grep -c link notes)" "$linked"
}

built "deps and all in one line" "$files" 5 deps all
like "  see what deps installed" "$(cat top/build/lib/nn/matmul.o)" -DBP_HAVE_LIBXSMM
mv top/bin first
built "clean and all" "$files" 5 clean all
for program in bp-train bp-stats; do
    same "  the same $program" top/bin/$program first/$program
done
built "again" 0 0 all
built "other flags" "$files" 5 all CFLAGS=-O0\ -fsanitize=address
like "  the linker has them too" "$(cat top/bin/bp-train)" '-O0 -fsanitize=address'
is "  and warnings are no errors" "$(grep -rlE -- '-Werror' top/build top/bin | wc -l)" 0
built "the flags of before" "$files" 5 all
built "another processor" "$files" 5 all ARCH=x86-64-v2
built "no libxsmm" "$files" 5 all LIBXSMM=
is "  it is not linked" "$(grep -c -- -lxsmm top/bin/bp-train)" 0
built "another prefix" "$files" 5 all prefix=/opt/bp
built "and another" 1 5 all "prefix=$PWD/a  place"
like "  the programs look there" "$(cat top/build/lib/base/share.o)" "-DBP_PREFIX=\"$PWD/a  place\""
rm notes.installed
built "a library goes" "$files" 5 all

# Spaces, a quote; beside the directories that the words would name if they were taken apart.
mkdir a d 'place' && touch a/file d/file place/file
before=$(find . -path ./top -prune -o -print | sort)
built "built for a prefix with spaces" 1 5 all "prefix=/a  place"
built "install takes the last flags" 0 0 install DESTDIR="$PWD/d it's"
ok "  the program is there" test -x "d it's/a  place/bin/bp-train"
ok "  shared files" test -s "d it's/a  place/share/bp/presets/nav-easy-lstm"
like "  bp.pc names the prefix" "$(cat "d it's/a  place/lib/pkgconfig/bp.pc")" '^prefix=/a  place$'
is "  nothing is elsewhere" "$(find . -path ./top -prune -o -path "./d it's" -prune -o -print | sort)" "$before"
built "uninstall" 0 0 uninstall DESTDIR="$PWD/d it's"
is "  leaves no file of ours" "$(find "d it's" ! -type d)" ""
is "  and touches nothing else" "$(find . -path ./top -prune -o -path "./d it's" -prune -o -print | sort)" "$before"

mkdir other && touch other/mine
built "clean" 0 0 clean BIN=../other
ok "  leaves what is not its own" test -e other/mine
