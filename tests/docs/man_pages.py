"""The manual pages say what the program does: each fault is something that one of them has and the other has not.

usage: man_pages.py SOURCE_DIR PROGRAM lastack.8|lastack.conf.5

lastack.8:       commands with their other names, switches of each and of all, exit statuses, variables of the environment
lastack.conf.5:  options with place, default and kind of value, other spellings, options without effect
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(sys.argv[1])
PROGRAM = sys.argv[2]


def sections(page):
    """{"OPTIONS": its text, "OPTIONS WITHOUT EFFECT/In silence": ...}"""
    found = {}
    heading = name = ""
    for line in (SOURCE / "docs/man" / f"{page}.scd").read_text().splitlines():
        if line.startswith("# "):
            heading = name = line[2:]
        elif line.startswith("## "):
            name = f"{heading}/{line[3:]}"
        else:
            found[name] = found.get(name, "") + line.replace(r"\_", "_") + "\n"
    return found


def run(*arguments, may_fail=False):
    result = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60)
    if result.returncode != 0 and not may_fail:
        sys.exit(f"{' '.join(arguments)}: {result.stderr}")
    return result


def difference(what, in_program, in_page):
    in_program, in_page = set(in_program), set(in_page)
    yield from (f"{what} {each} is missing in the manual page" for each in sorted(in_program - in_page))
    yield from (f"{what} {each} of the manual page is none of the program's" for each in sorted(in_page - in_program))


# Commands and switches, as `lastack help` lists them.


def listed(text, heading):
    """The first words of the lines below a heading of the help, up to two blanks or a value."""
    part = re.search(rf"^{heading}:\n((?:  .*\n)+)", text, re.M)
    return re.findall(r"^  (?! )(.+?)(?:  .*| [A-Z\[].*)?$", part.group(1), re.M) if part else []


def switches_of(text):
    return {name for each in listed(text, "Options") for name in re.findall(r"--?\w[\w-]*", each.split(" ")[0])}


def commands_of_program(words=()):
    """{"config set": {"--json", ...}, "": those of all}, {"update": "upgrade"}"""
    text = run("help", *words).stdout
    own = switches_of(text)
    known = {" ".join(words): own if not words else own - {"-h", "--help"}}
    names = {}
    below = [re.findall(r"[\w-]+", re.match(r"[\w-]+(?:, [\w-]+)*", each).group()) for each in listed(text, "Subcommands")]
    for name, *others in below:
        path = (*words, name)
        names[" ".join(path)] = set(others)
        deeper, deeper_names = commands_of_program(path)
        known |= deeper
        names |= deeper_names
    if below and words and "SUBCOMMAND" in text and "[SUBCOMMAND]" not in text:
        del known[" ".join(words)]  # it does nothing by itself
    return known, names


def commands_of_page(text, options):
    known = {"": set(re.findall(r"\*(--?[\w-]+)\*", " ".join(re.findall(r"^\*-.*", options, re.M))))}
    names = {}
    command = None
    for line in text.splitlines():
        if line.startswith("*"):
            command, *others = re.findall(r"(?:^|, )\*([\w -]+)\*", line)
            known[command] = set()
            names[command] = set(others)
        elif line.startswith("\t*-"):
            known[command] |= set(re.findall(r"\*(--?[\w-]+)\*", line))
    return known, names


def environment_of_program():
    text = "".join(path.read_text() for path in sorted((SOURCE / "src").glob("**/*.cpp")))
    named = set(re.findall(r'(?:getenv|from_environment)\("(\w+)"', text))
    named |= set(re.findall(r'"((?:https?|all|no)_proxy|(?:HTTPS?|ALL|NO)_PROXY)"', text))
    for prefix, names in (('{"YUM", "DNF"}', ["YUM0", "YUM9", "DNF0", "DNF9"]), ('"DNF_VAR_"', ["DNF_VAR_name"])):
        named |= set(names) if prefix in text else set()
    return named - {"LASTACK_WATCHDOG"}  # of debug builds


def lastack_faults():
    page = sections("lastack.8")
    known, names = commands_of_program()
    told, told_names = commands_of_page(page["COMMANDS"], page["OPTIONS"])
    yield from difference("the command", known, told)
    for command in sorted(set(known) & set(told)):
        yield from difference(f"the switch of '{command}'", known[command], told[command])
        yield from difference(f"the other name of '{command}'", names.get(command, set()), told_names.get(command, set()))
    footer = re.search(r"^Exit status: (.*)", run("help").stdout, re.M).group(1)
    yield from difference("the exit status", re.findall(r"\b\d+\b", footer), re.findall(r"^\*(\d+)\*$", page["EXIT STATUS"], re.M))
    told = re.findall(r"\*(\w+)\*", " ".join(re.findall(r"^\*.*", page["ENVIRONMENT"], re.M)))
    yield from difference("the variable", environment_of_program(), told)


# Options, as `lastack config` lists them.

REFUSALS = {
    "BOOLEAN": "is not a boolean",
    "TIME": "is not a time",
    "BYTES": "is not a number of bytes",
    "NUMBER": "is not a number from",
    "PATH": "is not an absolute path",
}
ANY_PATH = {"cachedir"}  # with --setopt, relative ones too


def options_of_program(root):
    """{"keepcache": ("[main]", "1")}, and what each refuses of the value '?'."""
    (root / "empty.conf").write_text("")
    (root / "etc/yum.repos.d").mkdir(parents=True)
    (root / "etc/yum.repos.d/x.repo").write_text("[some-id]\nbaseurl=http://127.0.0.1:9/\n")
    common = ["--releasever=1", "-c", str(root / "empty.conf")]
    main = json.loads(run(*common, "config", "main", "--json").stdout)["main"]
    below = [f"--installroot={root}", *common]
    repo = json.loads(run(*below, "config", "some-id", "--json").stdout)["some-id"]
    options, kinds = {}, {}
    for name in sorted(set(main) | set(repo)):
        place = "[main] and repositories" if name in main and name in repo else "[main]" if name in main else "repositories"
        value = (main if name in main else repo)[name]
        is_unset = value["origin"] != "default" or value["value"] == "some-id"
        options[name] = (place, "" if is_unset else value["value"])
        scope = "" if name in main else "some-id."
        error = run(*below, f"--setopt={scope}{name}=?", "config", may_fail=True).stderr
        kinds[name] = next((kind for kind, refusal in REFUSALS.items() if refusal in error), "")
    return options, kinds


def options_of_page(text):
    options, kinds, faults = {}, {}, []
    for line in re.findall(r"^\*.*", text, re.M):
        match = re.fullmatch(r"\*(\w+)\*=_([A-Z]+)_ \((\[main\] and repositories|\[main\]|repositories); (?:unset|default: \*(.+)\*)\)", line)
        if not match:
            faults.append(f"the line '{line}' is not *NAME*=_KIND_ (PLACE; DEFAULT)")
            continue
        name, kind, place, default = match.groups()
        options[name] = (place, default or "")
        kinds[name] = kind
    if list(options) != sorted(options):
        faults.append("the options are not in the order of their names")
    return options, kinds, faults


def braces(path, begin):
    """What stands between `begin` and the '};' behind it."""
    text = (SOURCE / path).read_text()
    return text[text.index(begin):].split("};")[0]


def foreign_faults(page, options):
    silent = set(re.findall(r'^\s*"(\w+)"', braces("src/repo/foreign_options.cpp", "inert_options[]"), re.M))
    paragraphs = page["OPTIONS WITHOUT EFFECT/In silence"]
    elsewhere = re.search(r"^In a repository.*?(?:\n\n|\Z)", paragraphs, re.M | re.S).group()
    told = re.findall(r"\*(\w+)\*", paragraphs)
    yield from difference("the option without effect", silent, told)
    yield from difference("the option without effect in a repository", silent & (set(options) | {"max_connections"}),
                          re.findall(r"\*(\w+)\*", elsewhere))
    yield from (f"the option without effect {each} stands in two places" for each in sorted({each for each in told if told.count(each) > 1}))
    loud = re.findall(r'\{"(\w+)", "(.*?)"\}', braces("src/repo/foreign_options.cpp", "no_effect_options[]"))
    told = re.findall(r"^- \*(\w+)\*(?:: \*(.+)\*)?$", page["OPTIONS WITHOUT EFFECT/With a warning"], re.M)
    yield from difference("the option without effect", map(": ".join, loud), map(": ".join, told))


def configuration_faults():
    page = sections("lastack.conf.5")
    with tempfile.TemporaryDirectory() as root:
        options, kinds = options_of_program(pathlib.Path(root).resolve())
    told, told_kinds, faults = options_of_page(page["OPTIONS"])
    yield from faults
    yield from difference("the option", options, told)
    for name in sorted(set(options) & set(told)):
        if options[name] != told[name]:
            yield f"the option {name} is {options[name]} in the program and {told[name]} in the manual page"
        checked = told_kinds[name] if told_kinds[name] in REFUSALS and name not in ANY_PATH else ""
        if checked != kinds[name]:
            yield f"the option {name} takes {kinds[name] or 'any text'} in the program and {told_kinds[name]} in the manual page"
        if f"\n_{told_kinds[name]}_\n" not in page["VALUES"]:
            yield f"the option {name} has a kind of value that is not described: {told_kinds[name]}"
    spellings = re.findall(r'\{"(\w+)", "(\w+)"\}', braces("src/repo/option_table.cpp", "spellings[]"))
    told = re.findall(r"\*(\w+)\* is \*(\w+)\*", page["OTHER SPELLINGS"])
    yield from difference("the spelling", map(" is ".join, spellings), map(" is ".join, told))
    yield from foreign_faults(page, options)


def main():
    faults = list({"lastack.8": lastack_faults, "lastack.conf.5": configuration_faults}[sys.argv[3]]())
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
