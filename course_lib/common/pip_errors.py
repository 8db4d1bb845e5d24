"""Why pip failed, in one sentence with what to do: read from its last words (an exception, a box, or lines of ERROR)."""

import platform
import re
import shutil
import tempfile
from pathlib import Path

OTHER_PYTHON = "Start with Python 3.11 or 3.12, 64 bit, such as `python3.12 -m course_lib start --rebuild`."
UNREACHABLE = "The package index can't be reached. Check the network (or the proxy settings), then start again."
LISTS_AGAIN = "Get them again: `git checkout -- requirements.txt requirements-local.txt constraints.txt`."
LOGIN = "Open a page in the browser and log in, or set PIP_INDEX_URL to the right address; then start again."
NETWORK = {  # what stands in pip's words → what it means for the learner; the first that fits counts
    r"ProxyError|[Pp]roxy.connection|connect to proxy|Tunnel connection|SOCKS|InvalidProxy|ProxyScheme|\b407 ": "The proxy "
    "does not let pip through. Set HTTPS_PROXY=http://name:password@host:port (or pip's own `proxy`), then start again.",
    r"SSL\w*Error|\[SSL|ssl certificate|'ssl' module|TLS CA certificate": "The certificate of the package index is not "
    "trusted here. Check this computer's date; where the network reads along (a school's, a company's), set PIP_CERT to "
    "the file of its certificate. Then start again.",
    r"\b511 ": f"The network wants you to log in. {LOGIN}",
    r"HTTP error (429|5\d\d)|\b(429|5\d\d) (Client |Server )?Error|too many [45]\d\d error": "The package index is "
    "overloaded or out of order. Wait a while, then start again.",
    r"HTTP error 4\d\d|\b4\d\d (Client )?Error": "The package index refuses. Check its address, name and password "
    "(`python -m pip config list`, PIP_INDEX_URL), then start again.",
    r"NewConnection|NameResolution|ConnectTimeout|establish(ing)? a (new )?connection|[Cc]onnection.?[Rr]efused|unreachable"
    r"|No route to host|getaddrinfo|name resolution|to resolve ": UNREACHABLE,
    r"[Tt]imed.out|Timeout|didn't respond|IncompleteRead|[Ii]ncomplete.download|ChunkedEncoding|ProtocolError|RemoteDiscon"
    r"|[Cc]onnection.?([Rr]eset|[Aa]borted|broken|interrupted)|closed without": "The connection broke off while pip was "
    "loading. Start again: what had arrived whole is kept. Where the network is slow, set PIP_DEFAULT_TIMEOUT=120 first.",
    r"Max retries exceeded|ConnectionError|Failed to connect": UNREACHABLE,
}
CAUSES = {
    r"No space left|not enough space|Errno (28|122)\b|WinError 112\b|[Dd]isk quota": "The disk of {disk} is full. Free some "
    "space, then start again.",
    r"Permission ?[Dd]enied|PermissionError|Errno (1|13|30)\b|WinError (5|32)\b": "pip can't write its files. Close what "
    "uses the environment (JupyterLab, an editor), see that {root} is yours, then start again.",
    r"Long Path|Errno (36|63)\b|name too long|WinError 206\b": "A path is too long for this system. Copy the course into a "
    "folder with a short path, such as C:\\course.",
    r"MATCH THE HASHES|HashMismatch|BadZipFile|not a zip file|Bad CRC|zlib\.error|EOFError|[Ii]nvalid.?[Ww]heel"
    r"|is invalid\.|inconsistent": "A download is damaged, or something on the way changed it. Empty pip's cache "
    "(`python -m pip cache purge`), then start again.",
    r"MemoryError|allocate memory|signal 9\b": "There is too little memory. Close other programs, then start again.",
    **NETWORK,
    r"different Python|requires Python|Requires-Python": f"The packages are not for Python {{python}}. {OTHER_PYTHON}",
    r"subprocess-exited|[Ff]ail(ed|ure) (to )?build|metadata-generation|build-wheel|install-failure|Visual C\+\+": "There is "
    f"no build for this computer ({{computer}}), and making one failed. {OTHER_PYTHON}",
    r"ResolutionImpossible|conflicting|resolution-too-deep": f"The lists ask for what does not go together. {LISTS_AGAIN}",
    r"requirements file|Invalid requirement|[Cc]onstraint": f"pip can't read the course's lists. {LISTS_AGAIN}",
    r"No module named|ImportError|cannot import": "The environment's own pip is damaged. Make it anew: `python -m course_lib "
    "start --rebuild`.",
}


def explain(output: str, root: Path, details: str = "") -> str:
    """What went wrong, what to do, and pip's own words without names and passwords.

    root: the course's folder. details: where pip found nothing, what it tells of its search (`pip index versions -vv`).
    """
    words = last_words(output)
    if match := re.search(r"No matching distribution found for ([^\s;]+)", words):
        sentence = nothing_found(match[1], output, details)
    else:
        sentence = _cause(CAUSES, words)
    if not sentence:
        return f"pip could not install the packages; docs/TROUBLESHOOTING.md may help. It said:\n  {struck_out(words)}"
    where = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    fuller = min((root, Path(tempfile.gettempdir())), key=lambda folder: shutil.disk_usage(folder).free)
    return sentence.format(root=root, disk=fuller, computer=where, python=platform.python_version())


def last_words(output: str) -> str:
    """The exception that ended pip's last traceback; else its last box, "error: …"; else its lines of ERROR, or its end."""
    beginning = "\nTraceback (most recent call last):\n"
    if beginning in f"\n{output}":
        after = f"\n{output}".rsplit(beginning, 1)[1].splitlines()
        return " ".join(" ".join(line for line in after if not line.startswith(" ")).split()) or after[-1]
    if boxes := re.findall(r"^error: [a-z-]+\n.+?(?=^error: [a-z-]+\n|\Z)", output, re.MULTILINE | re.DOTALL):
        return " ".join(boxes[-1].split())
    lines = output.strip().splitlines()
    return "\n  ".join([line for line in lines if line.lstrip().startswith(("ERROR", "HINT"))] or lines[-3:])


def nothing_found(requirement: str, output: str, details: str) -> str:
    """Why nothing fits: another Python, another computer, a network, another version, no index at all, or an empty folder."""
    name, version = re.match(r"([\w.-]+)(?:==)?(.*)", requirement).groups()
    pinned = re.escape(version) if requirement == f"{name}=={version}" else ""
    file = rf"/{'[-_.]+'.join(map(re.escape, re.split(r'[-_.]+', name)))}-{pinned}\b"
    of_this = "\n".join(line for line in details.splitlines() if re.search(file, line, re.IGNORECASE))
    if "different Python" in of_this or (pinned and f"{version} Requires-Python" in output):
        return f"{requirement} is not for Python {{python}}. {OTHER_PYTHON}"
    network = _cause(NETWORK, output) or _cause(
        NETWORK, re.sub(r".* 404 .*", "", details)
    )  # not every index has everything
    if "compatible" in of_this or not details + network:
        return f"There is no build of {requirement} for this computer ({{computer}}). {OTHER_PYTHON}"
    found = re.search(r"\(from versions: (?!none)(.+)\)", output)
    if found and not network:
        return (
            f"The package index has no {requirement}, only others ({', '.join(found[1].split(', ')[-3:])}). It may be an old copy "
            "of another index: set PIP_INDEX_URL to one that has it, then start again."
        )
    return network or _cause(NETWORK, details) or _unreadable(name, output, details)


def _unreadable(name: str, output: str, details: str) -> str:
    """What pip was told to look at answers, and holds nothing of that name."""
    folders = re.search(r"Looking in links: (.+)", output)
    asked = re.findall(rf"\bhttps?://\S+/{re.escape(name)}/?(?=\s|$)", details, re.IGNORECASE)
    if folders and not asked:
        return f"There is no {name} in {_clean(folders[1])}. Check PIP_FIND_LINKS and PIP_NO_INDEX, then start again."
    at = f" (nothing of {name} at {_clean(asked[0])})" if asked else ""
    return (
        f"The package index can't be read{at}. It may be a network's login page, a proxy, or a wrong address. {LOGIN}"
    )


def _cause(causes: dict[str, str], words: str) -> str:
    """The sentence of the first cause that pip's words have a sign of, and the line that has it; "" without one."""
    for pattern, sentence in causes.items():
        if lines := [line for line in words.splitlines() if re.search(pattern, line)]:
            return f"{sentence} pip said: {_clean(lines[-1])}"
    return ""


def _clean(words: str) -> str:
    """A line of pip's without what only programmers read, to stand in a format string."""
    words = re.sub(r"^\s*(ERROR|WARNING): (Retrying .* after connection broken by )?", "", words)
    words = re.sub(r"\bpip\.(_vendor|_internal)\.[\w.]*\.(?=\w)|#sha256=\w+", "", words)
    return struck_out(words if len(words) <= 400 else f"{words[:400]} …").replace("{", "{{").replace("}", "}}")


def struck_out(words: str) -> str:
    """Words without the name and password of an address."""
    return re.sub(r"(?<=://)[^/\s'\"]+(?=@)", "***", words)
