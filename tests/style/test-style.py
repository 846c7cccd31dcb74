#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""What the house style lets a machine check, as TAP: layers, licences, sizes, format, pages.

    test-style.py [CHECK...]        in the tree that it lies in
"""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import uses

ROOT = Path(__file__).resolve().parents[2]

# The layers of core/, from the lowest to the highest: a folder, and those right below it. A file may include what lies in
# its own folder, in those, and in all that they may include.
LAYERS = {
    "include": (),  # the SDK's
    "util": (),
    "extension": ("util",),  # with util: libxslot
    "config": ("util",),
    "module": ("util",),
    "control": ("util",),
    "kernel": ("extension",),
    "kernel/dispatcher": ("kernel",),
    "kernel/netdev": ("kernel",),
    "kernel/fuse": ("kernel/dispatcher",),
    "kernel/foreign": ("kernel",),
    "kernel/state": ("kernel",),
    "kernel/instance": ("kernel/fuse", "kernel/foreign", "kernel/state"),
    "kernel/messages": ("kernel",),
    "host/services": ("config", "control", "kernel/instance", "kernel/messages"),
    "host/plugin": ("host/services", "module", "kernel/netdev"),
    "host/kept": ("config", "module", "control", "kernel/instance", "kernel/netdev"),
    "host/work": ("host/plugin",),
    "host/events": ("host/kept", "host/work"),
    "host/plan": ("host/kept", "host/work"),
    "host/chain": ("host/plan",),
    "host/review": ("host/chain",),
    "host/adopt": ("host/review",),
    "host/change": ("host/adopt",),
    "host/command": ("host/chain",),
    "host/loop": ("host/change", "host/command", "host/events"),
    "host/offline": ("host/change",),
    "main.c": ("host/loop", "host/offline"),
}

# A library's headers, and the folders of core/ that may know them.
LIBRARIES = {
    r"bpf/.*": ("extension", "kernel"),
    r"xdp/.*": ("kernel",),
    r"dlfcn\.h|link\.h|libelf\.h|gelf\.h|elf\.h": ("module",),
    r"ini\.h": ("config",),
    r"jansson\.h": ("control",),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')

DUAL = "GPL-2.0-only OR BSD-2-Clause"
OURS = "LGPL-2.1-only OR BSD-2-Clause"

C_LINES, FUNCTION_LINES, USUAL_FUNCTION, HEADER_LINES, PLUGIN_H_LINES = 600, 60, 30, 150, 250
PARAMETERS, README_WORDS = 6, 700
# .c files in a folder of core/, and their lines together. The loop's has room for what is to come.
FOLDER_FILES, FOLDER_LINES = {"core/host/loop": 12}, 2600
FOLDER_FILES_ELSE = 14


# Inputs as they are, whatever they hold: one licence for the folder, in FOLDER.license, and no rule about their text.
INPUTS = [Path("tests/fuzz/corpus"), Path("tests/abi/1")]  # folders of files as they came; FOLDER.license tells of all in it


def inputs(path):
    """The folder of INPUTS that has the file, or None."""
    return next((folder for folder in INPUTS if folder in path.parents), None)


def tree():
    """Every file that is or may become part of the project, relative to ROOT."""
    git = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
                         capture_output=True, text=True, check=False)
    if git.returncode == 0:
        names = git.stdout.splitlines()
    else:  # an unpacked archive
        names = [str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if not re.match(r"build|\.git/", str(p.relative_to(ROOT)))]
    return sorted(Path(n) for n in names if (ROOT / n).is_file() and "__pycache__" not in n)


def lines(path):
    return (ROOT / path).read_text("utf-8", "replace").splitlines()


def sources(suffixes=(".c", ".h")):
    return [p for p in tree() if p.suffix in suffixes and p.parts[0] != "LICENSES"]


def check_layers():
    for path in sources():
        if path.parts[0] != "core":
            continue
        for number, line in enumerate(lines(path), 1):
            match = INCLUDE.match(line)
            if match:
                yield from check_include(path, number, *match.groups())


def folder_of(name):
    """The layer of a path below core/."""
    parts = Path(name).parts
    return parts[0] if parts[0] in ("include", "main.c") else "/".join(parts[:-1])


def below(folder):
    """What a layer may include."""
    ret = {folder}
    for lower in LAYERS[folder]:
        ret |= below(lower)
    return ret


def check_include(path, number, kind, name):
    folder = folder_of(path.relative_to("core"))
    if folder not in LAYERS:
        yield f"{path}: core/{folder} is not a layer"
        return
    if kind == '"' and "/" in name:
        if folder_of(name) not in below(folder):
            yield f"{path}:{number}: core/{folder} must not include {name}"
    elif kind == '"' and "/" not in name and (ROOT / path.parent / name).exists():
        yield f'{path}:{number}: say "{path.parent.relative_to("core")}/{name}", so that this test can see the layer'
    for pattern, owners in LIBRARIES.items():
        if re.fullmatch(pattern, name) and folder.split("/")[0] not in owners:
            yield f"{path}:{number}: only core/{' and core/'.join(owners)} know {name}"


def our_code():
    """The C files of the host, the tools and the plugins."""
    return [p for p in sources((".c",)) if p.parts[0] in ("core", "tools", "plugins")
            and not p.name.endswith(".bpf.c") and "scaffold" not in p.parts]


def check_circles():
    """No file uses what another defines that uses, over however many others, what it defines itself."""
    arrows = uses.arrows({p: (ROOT / p).read_text("utf-8") for p in our_code()})
    for circle in uses.circles(arrows):
        yield f"a circle of {len(circle)} files:"
        for path in circle:
            for owner in sorted(set(arrows[path]) & set(circle)):
                yield f"  {path} uses {owner}: {' '.join(sorted(arrows[path][owner]))}"


def check_names():
    """A file's contract is in the header of its name, or it is X_part.c and inside X.h or X_private.h."""
    for path in our_code():
        if path.parts[0] != "core" or path.name == "main.c":
            continue
        words = path.stem.split("_")
        names = ["_".join(words[:n]) for n in range(1, len(words) + 1)]
        headers = [f"{path.stem}.h"] + [f"{name}{end}.h" for name in names for end in ("", "_private")]
        if not any((ROOT / path.parent / header).exists() for header in headers):
            yield f"{path}: there is no {path.stem}.h beside it, and no header of which it is a part"


def check_folders():
    folders = {}
    for path in our_code():
        if path.parts[0] == "core":
            folders.setdefault(path.parent, []).append(len(lines(path)))
    for folder, counts in folders.items():
        most = FOLDER_FILES.get(str(folder), FOLDER_FILES_ELSE)
        if len(counts) > most:
            yield f"{folder}: {len(counts)} .c files, at most {most}"
        if sum(counts) > FOLDER_LINES:
            yield f"{folder}: {sum(counts)} lines of .c, at most {FOLDER_LINES}"


def check_parameters():
    for path in our_code():
        for name, line, number in uses.functions(uses.bare((ROOT / path).read_text("utf-8"))):
            if number > PARAMETERS:
                yield f"{path}:{line}: {name}() has {number} parameters, at most {PARAMETERS}"


def check_plugins_stand_alone():
    """Plugins and BPF programs build against the SDK's headers only."""
    for path in sources():
        if path.parts[0] not in ("plugins", "bpf"):
            continue
        for number, line in enumerate(lines(path), 1):
            match = INCLUDE.match(line)
            if match and match.group(1) == '"' and match.group(2).split("/")[0] in {layer.split("/")[0] for layer in LAYERS}:
                yield f"{path}:{number}: must not include the host's {match.group(2)}"


def check_licences():
    for path in tree():
        if path.parts[0] == "LICENSES":
            continue
        beside = ROOT / f"{inputs(path) or path}.license"
        head = "\n".join(lines(beside if beside.exists() else path)[:3])
        match = re.search(r"SPDX-License-Identifier: (.*?)(?: ?\*/| ?-->|$)", head, re.M)
        if not match:
            yield f"{path}:1: no SPDX-License-Identifier"
        elif match.group(1) not in allowed_licences(path):
            yield f"{path}:1: is {match.group(1)}, should be {allowed_licences(path)[0]}"


def allowed_licences(path):
    if path.name.endswith(".bpf.c"):
        return ["GPL-2.0-only"]
    if path.suffix == ".h" and "/".join(path.parts[:2]) in ("core/include", "bpf/include"):
        return [DUAL]
    return [OURS, "GPL-2.0-only"] if path.name.endswith(".bpf.h") else [OURS]


def functions(path):
    """(name, line, length) of each function: in formatted code its braces stand alone in the first column."""
    text, start = lines(path), None
    for number, line in enumerate(text, 1):
        if line == "{" and start is None:
            start = number
        elif line.startswith("}") and start is not None:
            if line == "}":
                yield function_name(text, start), start, number - start + 1
            start = None


def function_name(text, brace):
    head = " ".join(text[max(0, brace - 6):brace - 1])
    names = re.findall(r"(\w+)\s*\(", head)
    return names[-1] if names else "?"


def check_sizes():
    lengths = []
    for path in sources():
        count = len(lines(path))
        if path.suffix == ".c" and count > C_LINES:
            yield f"{path}: {count} lines, at most {C_LINES}"
        public = "/".join(path.parts[:2]) in ("core/include", "bpf/include")
        if path.suffix == ".h" and not public and count > HEADER_LINES:
            yield f"{path}: {count} lines, at most {HEADER_LINES}"
        if path.name == "plugin.h" and count > PLUGIN_H_LINES:
            yield f"{path}: {count} lines, at most {PLUGIN_H_LINES}"
        for name, line, length in functions(path) if path.suffix == ".c" else []:
            lengths.append(length)
            if length > FUNCTION_LINES:
                yield f"{path}:{line}: {name}() has {length} lines, at most {FUNCTION_LINES}"
    lengths.sort()
    usual = lengths[len(lengths) * 9 // 10] if lengths else 0
    if usual > USUAL_FUNCTION:
        yield f"one function in ten has {usual} lines or more, at most {USUAL_FUNCTION}"


def check_format():
    tool = shutil.which("clang-format-14") or shutil.which("clang-format")
    if not tool:
        yield "clang-format is not installed"
        return
    out = subprocess.run([tool, "--dry-run", *sources()], cwd=ROOT, capture_output=True, text=True, check=False)
    seen = set()
    for line in out.stderr.splitlines():
        match = re.match(r"(.+?):(\d+):\d+: (?:warning|error): ", line)
        if match and match.group(1) not in seen:
            seen.add(match.group(1))
            yield f"{match.group(1)}:{match.group(2)}: not as clang-format has it (first place in this file)"


CUT = re.compile(r'/\*.*?\*/|//[^\n]*|\'(?:\\.|[^\'\\\n])\'|"(?:\\.|[^"\\\n])*"(?P<cut>(?<!\\n")(?=\s*\n\s*"))?', re.S)


def check_messages():
    """A message stands whole in one line, so that grep finds it: a string ends where its text has a newline."""
    for path in sources():
        if path.parts[0] not in ("core", "tools", "plugins"):
            continue
        text = (ROOT / path).read_text("utf-8")
        for match in CUT.finditer(text):
            if match.group("cut") is not None:
                yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: a message is cut in two: {match.group()[:40]}"


# CONTRIBUTING.md's list of words: what a message, a page of help or an essay must not say, and what it says instead.
WORDS = (
    (r"(?<!there )\b(?:is|are|was|were|be) no (?!longer\b|more\b|worse\b|better\b)", "is not a"),
    (r"\bwhoever\b|(?<!anyone )\bwho asks\b", "the caller, anyone who"),
    (r"\bwhat (?:runs|ran)\b", "the running program, the running configuration"),
    (r"\b(?:go|goes|going|went) on\b", "continues, keeps, is carried over"),
    (r"\banew\b", "again, from the start"),
    (r"\blet(?:s|ting)? go of\b", "releases"),
    (r"\b(?:bears|bearing)\b", "has"),
    (r"\bkernel (?:tells|told|says|said)\b", "the kernel reports"),
    (r"\b(?:is|are) there (?:already|twice|a second time)\b|\b(?:is|are) there$", "exists, is attached"),
    (r"\bof an? \w+ (?:somebody|someone|nobody) waits\b", "someone waits for a reload"),
    (r"\bnever was\b", "does not exist"),
)
C_TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"", re.S)
PROSE = (".1", ".3", ".5", ".7", ".8", ".bash", ".in", ".ini", ".md")


def sentences(path):
    """
    (line, text) of what people read: a page's lines; a C file's strings, and its essay, the first comment. In a public header,
    all comments.
    """
    text, essay, public = (ROOT / path).read_text("utf-8"), False, "include" in path.parts
    if path.suffix in PROSE:
        listed = {line for table in re.findall(r"^\| not \| but \|\n(?:\|.*\n)*", text, re.M) for line in table.splitlines()}
        yield from ((n, line) for n, line in enumerate(lines(path), 1) if line not in listed)  # the list itself quotes
        return
    for match in C_TOKEN.finditer(text):
        token, line = match.group(), text.count("\n", 0, match.start()) + 1
        if token.startswith('"'):
            yield line, token[1:-1]
        elif token.startswith("/*") and (public or not essay) and "SPDX" not in token:
            essay = True
            yield line, re.sub(r"\s*\n \*\s*", " ", token[2:-2]).strip()


def check_words():
    """The words of CONTRIBUTING.md's list."""
    for path in tree():
        if path.parts[0] in ("tests", "LICENSES") or path.suffix not in (".c", ".h", *PROSE):
            continue
        for line, text in sentences(path):
            for pattern, instead in WORDS:
                for match in re.finditer(pattern, text.lower()):
                    near = text[max(0, match.start() - 30):match.end() + 20]
                    yield f'{path}:{line}: "{match.group()}" in "{near}": say "{instead}"'


def squeezed_comments(path):
    """Lines of a block comment whose asterisk touches the first word: clang-format 14 does that when it refills one."""
    inside = False
    for number, line in enumerate(lines(path), 1):
        if inside and re.match(r"\s*\*[^\s*/]", line):
            yield number
        inside = "*/" not in line and (inside or line.lstrip().startswith("/*"))


def check_text():
    """Lines end with one newline, no blanks before it, no tabs in Python and meson files, no \\r anywhere."""
    for path in sources():
        for number in squeezed_comments(path):
            yield f"{path}:{number}: no blank after the comment's asterisk"
    for path in tree():
        text = (ROOT / path).read_bytes()
        if path.parts[0] == "LICENSES" or inputs(path) or b"\0" in text:
            continue
        if text and not text.endswith(b"\n"):
            yield f"{path}: no newline at its end"
        for number, line in enumerate(text.split(b"\n"), 1):
            if line != line.rstrip():
                yield f"{path}:{number}: blanks at the end of the line"
            if b"\t" in line and path.name.endswith((".py", "meson.build")):
                yield f"{path}:{number}: a tab"


def check_btf():
    """BTF of a damaged file has names and types that are not there: libbpf answers NULL, extension/btf_read.h never does."""
    for path in sources((".c",)):
        if path.parts[0] not in ("core", "tools"):
            continue
        text = (ROOT / path).read_text("utf-8")
        for match in re.finditer(r"btf__(?:name|str)_by_offset\(|btf__type_by_id\([^;]*?\)->", text):
            yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: may be NULL: read it with extension/btf_read.h"


COPY = re.compile(r"^(.*[^=!<>])= (?:[^;=]*\? (?:NULL : )?|[^;=]*: )?strn?dup\(", re.M)


def is_asked(name, code):
    return re.search(rf"!\s*\(?\*?[^;(]*\b{name}\b|\b{name}\b[^;,(]*(?:\?|&&|\|\|| == NULL)|&& {name}\)", code)


def check_memory():
    """
    What happens without memory is said in util/memory.h: no code has an abort() of its own, and whoever copies a text
    asks whether there is a copy. (A log that goes with a sentence may be missing.)
    """
    for path in our_code():
        text = uses.bare((ROOT / path).read_text("utf-8"))
        for match in COPY.finditer(text):
            name = re.findall(r"\w+", re.sub(r"\[.*?\]", "", match.group(1)))[-1]
            if "!(" in match.group(1):
                continue
            until = text.find("\n}\n", match.end())
            if name != "log" and not is_asked(name, text[match.end():until][:1500]):
                yield f"{path}:{text.count(chr(10), 0, match.end()) + 1}: nobody asks whether there is memory for {name}"
    for path in sources((".c",)):
        if path.parts[0] in ("core", "tools", "plugins") and path.name != "memory.c":
            text = path.read_text()
            for match in re.finditer(r"\babort\(\)", text):
                yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: aborts: see util/memory.h"


def check_python():
    """Python says a misspelt name only when it comes by: pyflakes says it at once."""
    scripts = [str(p) for p in tree() if p.suffix == ".py" or (lines(p) or [""])[0].startswith("#!/usr/bin/python3")]
    if not shutil.which("pyflakes3"):
        yield "pyflakes3 is not installed"
        return
    yield from subprocess.run(["pyflakes3", *scripts], capture_output=True, text=True, check=False).stdout.splitlines()


# What a page names: a path from the root of the tree, perhaps with ::TEST; and where its links lead. Capitals in a path, and
# an asterisk, stand for anything: plugins/NAME/NAME.c.
NAMED = re.compile(r"(?<![\w/.~:-])((?:\.ci|bpf|conf|core|plugins|tests|tools)/[\w.*{},/-]*[\w*}])(?:::(\w+))?")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def spread(path):
    """a/{b,c} is a/b and a/c."""
    match = re.search(r"\{([^}]*)\}", path)
    return [p for one in match[1].split(",") for p in spread(path[:match.start()] + one + path[match.end():])] if match else [path]


def check_pages():
    """README is short, and a page names only what is there: newcomers copy what stands there."""
    words = len((ROOT / "README.md").read_text("utf-8").split())
    if words > README_WORDS:
        yield f"README.md: {words} words, at most {README_WORDS}"
    for page in (p for p in tree() if p.suffix == ".md"):
        for number, line in enumerate(lines(page), 1):
            for path, test in NAMED.findall(line):
                yield from (f"{page}:{number}: {complaint}" for one in spread(path) for complaint in missing(one, test))
            for target in LINK.findall(line):
                if "://" not in target and not (ROOT / page.parent / target).exists():
                    yield f"{page}:{number}: links to {target}, which does not exist"


def missing(path, test):
    found = list(ROOT.glob(re.sub(r"\b(?!README)[A-Z]{3,}\b", "*", path)))
    if not found:
        yield f"there is no {path}"
    elif test and not re.search(rf"\b{test}\b", (ROOT / path).read_text("utf-8")):
        yield f"{path} has no test {test}"


CHECKS = {
    "layers": check_layers,
    "plugins-stand-alone": check_plugins_stand_alone,
    "licences": check_licences,
    "circles": check_circles,
    "names": check_names,
    "folders": check_folders,
    "parameters": check_parameters,
    "sizes": check_sizes,
    "format": check_format,
    "messages": check_messages,
    "words": check_words,
    "text": check_text,
    "btf": check_btf,
    "memory": check_memory,
    "python": check_python,
    "pages": check_pages,
}


def main(names):
    failed = 0
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        complaints = list(CHECKS[name]())
        print(f"{'not ok' if complaints else 'ok'} {number} - {name}")
        for complaint in complaints:
            print(f"# {complaint}")
        failed += bool(complaints)
    return 1 if failed else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1:] or list(CHECKS)))
