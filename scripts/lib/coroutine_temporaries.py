#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""coroutine_temporaries.py FILE...: finds temporaries that GCC 12 destroys once too often.

GCC 12 copies a braced aggregate or a lambda's closure bit by bit into the coroutine's frame when it is a temporary of an expression with
co_await, and then destroys both: a captured shared_ptr or string is freed twice. Safe is an object with a name (and std::move), or an
awaitable made in a statement of its own. Reported: a lambda that captures by copy, and `Type{...}` or `{...}` with content, anywhere in the
operand of co_await; co_await inside the braces of `Type{...}`; and co_await as a branch of `?:`, where what the other branch never made is
destroyed too. Fails: code 1 and a line for each place.
"""
import re
import sys

OPEN = {"(": ")", "[": "]", "{": "}"}
TOKENS = re.compile(r'R"([^()\s]*)\((?:.|\n)*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'|//[^\n]*|/\*(?:.|\n)*?\*/')


def blank(text):
    """The same text with strings and comments as blanks, so that positions stay."""
    return TOKENS.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def closing(text, start):
    depth = 0
    for position in range(start, len(text)):
        if text[position] in "([{":
            depth += 1
        elif text[position] in ")]}":
            depth -= 1
            if depth == 0:
                return position
    return len(text) - 1


def copies(captures):
    """Does a capture list hold anything but references and this?"""
    parts, depth, part = [], 0, ""
    for char in captures:
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += char
    parts.append(part.strip())
    return [item for item in parts if item and not item.startswith("&") and item != "this"]


def after_lambda(text, bracket_end):
    """The position after a lambda's body."""
    body = text.index("{", closing(text, bracket_end + 1) if text[bracket_end + 1:].lstrip().startswith("(") else bracket_end)
    return closing(text, body) + 1


def operand_findings(text, position):
    """Walks from co_await to the end of its full expression; bodies of lambdas are functions of their own and are left out."""
    depth = 0
    while position < len(text):
        char = text[position]
        before = text[:position].rstrip()[-1:]
        if char == "[" and not (before.isalnum() or before in "_)]") and re.match(r"\s*[({]|\s*mutable|\s*->", text[closing(text, position) + 1:][:12]):
            end = closing(text, position)
            if copies(text[position + 1:end]):
                yield position, f"a lambda that captures by copy: [{' '.join(text[position + 1:end].split())}]"
            position = after_lambda(text, end)
            continue
        if char == "{":
            content = text[position + 1:closing(text, position)].strip()
            name = re.search(r"([A-Za-z_]\w*)\s*$", text[:position])
            if content and (before in "(,{" or (name and name.group(1)[0].isupper())):
                yield position, "a braced temporary"
        if char in OPEN:
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth < 0 and char == "}":
                return
        elif char == ";" and depth <= 0:
            return
        position += 1


def enclosing_brace(text, position):
    """Is co_await written inside `Type{...}` of the same expression?"""
    depth = 0
    for index in range(position - 1, -1, -1):
        char = text[index]
        if char in ")]}":
            depth += 1
        elif char in "([{":
            depth -= 1
            if depth < 0 and char == "{":
                return bool(re.search(r"(?:^|[\s(,=<:])[A-Z]\w*$", text[:index]))
            depth = max(depth, 0)
        elif char == ";" and depth == 0:
            return False
    return False


def findings(path):
    with open(path, encoding="utf-8") as file:
        text = blank(file.read())
    for found in re.finditer(r"\bco_await\b", text):
        line = text.count("\n", 0, found.start()) + 1
        for _, what in operand_findings(text, found.end()):
            yield f"{path}:{line}: in an expression with co_await: {what}; give it a name first (GCC 12 would destroy it twice)"
        if re.search(r"\?\s*$|\?[^;{}]*[^:]:\s*$", text[:found.start()]):
            yield f"{path}:{line}: co_await as a branch of `?:`; use if and else (GCC 12 would destroy what was never made)"
        if enclosing_brace(text, found.start()):
            yield f"{path}:{line}: co_await inside a braced temporary; await into a variable first (GCC 12 would destroy a member twice)"


if __name__ == "__main__":
    lines = [line for path in sys.argv[1:] for line in findings(path)]
    print("\n".join(lines))
    sys.exit(1 if lines else 0)
