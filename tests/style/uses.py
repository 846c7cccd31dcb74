# SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
"""Which C file uses what another one defines, read from the text: formatted code has its definitions in the first column."""
import re
from collections import defaultdict

COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
FUNCTION = re.compile(r"^(?!typedef\b|(?:struct|enum|union) \w+$)([A-Za-z_][^;{}=#]*?)\b(\w+)\("
                      r"(?:[^(){};]|\([^(){};]*\))*\)[^(){};]*\n\{", re.M)
VARIABLE = re.compile(r"^(?!extern\b|typedef\b)((?:static |const |volatile )*)(?:struct |enum )?\w+ (?:\*+|const )*"
                      r"(\w+)(?:\[[^\]]*\])*(?: = |;)", re.M)
WORD = re.compile(r"(?<![\w.>])[A-Za-z_]\w*\b")  # not a member
CALL = re.compile(r"(?<![\w.>])([A-Za-z_]\w*)\(")
# A parameter or variable of that name.
LOCAL = re.compile(r"\b(?!return\b|else\b|goto\b|sizeof\b)\w+ \**(\w+)(?=\s*[,;=)\[])")


def bare(text):
    """Without comments and strings, which keep their line ends."""
    return COMMENT_OR_TEXT.sub(lambda match: "\n" * match.group().count("\n") or " ", text)


def definitions(text):
    """{name: is it for this file alone} of functions and variables."""
    return {match.group(2): bool(re.search(r"\bstatic\b", match.group(1)))
            for pattern in (VARIABLE, FUNCTION) for match in pattern.finditer(text)}


def functions(text):
    """(name, line of its brace, parameters) of each function in bare text."""
    for match in FUNCTION.finditer(text):
        inside = match.group()[match.group().index(match.group(2) + "(") + len(match.group(2)) + 1:]
        yield match.group(2), text.count("\n", 0, match.end()) + 1, parameters(inside)


def parameters(text):
    """How many there are in "int a, int (*b)(int, int))"."""
    depth, commas = 0, 0
    for at, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth < 0:
            return 0 if text[:at].strip() in ("", "void") else commas + 1
        commas += char == "," and depth == 0
    return commas + 1


def prefer(user, owners):
    """Of several files with one name in them, that of the same folder: programs have their own."""
    near = [owner for owner in owners if owner.parent == user.parent]
    return near or [owner for owner in owners if owner.parts[0] == "core"]


def arrows(texts):
    """{user: {owner: names}} for {path: text} of .c files."""
    texts = {path: bare(text) for path, text in texts.items()}
    owners = defaultdict(list)
    for path, text in texts.items():
        for name, private in definitions(text).items():
            if not private and name != "main":
                owners[name].append(path)
    ret = {path: defaultdict(set) for path in texts}
    for path, text in texts.items():
        used = set(WORD.findall(text)) - set(LOCAL.findall(text)) | set(CALL.findall(text))
        for name in used - set(definitions(text)):
            for owner in prefer(path, owners.get(name, [])):
                ret[path][owner].add(name)
    return ret


def circles(graph):
    """Groups of two or more nodes of {node: nodes} that all reach each other."""
    number, low, stack, ret = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in number:
                visit(other)
            if other in stack:
                low[node] = min(low[node], low[other])
        if low[node] == number[node]:
            at = stack.index(node)
            group, stack[at:] = stack[at:], []
            if len(group) > 1:
                ret.append(sorted(group))

    for node in graph:
        if node not in number:
            visit(node)
    return ret
