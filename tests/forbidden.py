"""Ways in which a program can be made to run what it reads, looked for in its source."""

import ast
from collections.abc import Iterator

MODULES = {
    "pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "yaml",
    "code", "codeop",
}  # fmt: skip
BUILTINS = {"eval", "exec", "compile", "__import__"}
# By the last part of the name; the library before it may have any name.
CALLS = {
    "load_model", "model_from_json", "model_from_config", "read_pickle", "to_pickle",
    "enable_unsafe_deserialization", "unsafe_load", "full_load", "system", "popen", "Lambda",
    "unpack_archive",
}  # fmt: skip
SERVERS = {"HTTPServer", "ThreadingHTTPServer", "TCPServer", "create_server", "bind"}
EVERYWHERE = {"", "0.0.0.0", "::"}


def violations(source: str) -> list[str]:
    """Return what is forbidden in a module's source, each with its line."""
    return [f"line {line}: {what}" for line, what in _violations(ast.parse(source))]


def _violations(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names = names or [alias.name for alias in node.names]
            for name in names:
                if name.split(".")[0] in MODULES:
                    yield node.lineno, f"imports {name}"
        elif isinstance(node, ast.Call):
            yield from ((node.lineno, what) for what in _wrong_call(node))


def _wrong_call(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if isinstance(call.func, ast.Name) and name in BUILTINS:
        yield f"calls {name}"
    if name in CALLS and ast.unparse(call.func) != "platform.system":
        yield f"calls {name}"
    if name in ("extractall", "extract") and not _is(keywords.get("filter"), "data"):
        yield f"{name} without filter='data'"
    numpy_load = name == "load" and ast.unparse(call.func) in ("np.load", "numpy.load")
    if numpy_load and not _is(keywords.get("allow_pickle"), False):
        yield "np.load without allow_pickle=False"
    elif "allow_pickle" in keywords and not _is(keywords["allow_pickle"], False):
        yield "allow_pickle"
    if "shell" in keywords and not _is(keywords["shell"], False):
        yield "shell"
    if "safe_mode" in keywords and not _is(keywords["safe_mode"], True):
        yield "safe_mode"
    # What keeps comments (rt) makes mappings, lists and scalars alone, as what is safe does.
    if name == "YAML" and not _is(keywords.get("typ"), "safe", "rt"):
        yield "YAML that is not safe"
    if name in SERVERS and call.args and _everywhere(call.args[0]):
        yield f"{name} for other machines"
    if _is(keywords.get("host"), *EVERYWHERE):
        yield "host for other machines"


def _is(node: ast.AST | None, *values: object) -> bool:
    # 0 is False to Python and to NumPy, and not what is meant here.
    return isinstance(node, ast.Constant) and any(
        node.value == value and type(node.value) is type(value) for value in values
    )


def _everywhere(address: ast.AST) -> bool:
    host = address.elts[0] if isinstance(address, ast.Tuple) and address.elts else address
    return _is(host, *EVERYWHERE)


EXAMPLES = (
    "import pickle", "from pickle import loads", "import os, marshal", "import yaml",
    "import joblib", "np.load(path)", "np.load(path, allow_pickle=True)", "numpy.load(p, 'r')",
    "np.savez(f, allow_pickle=True)", "np.load(p, allow_pickle=flag)", "eval(text)", "exec(text)",
    "compile(text, 'x', 'exec')", "__import__(name)", "keras.models.load_model(p)",
    "load_model(p)", "keras.layers.Lambda(f)", "model_from_json(text)",
    "tar.extractall(folder)", "tar.extractall(folder, filter='fully_trusted')", "zip.extract(name)",
    "subprocess.run(c, shell=True)", "subprocess.run(c, shell=flag)", "os.system(c)", "os.popen(c)",
    "YAML()", "YAML(typ='unsafe')", "HTTPServer(('', 8000), H)", "s.bind(('0.0.0.0', 1))",
    "serve(host='0.0.0.0')", "serve(host='::')", "pd.read_pickle(p)",
    "keras.config.enable_unsafe_deserialization()", "shutil.unpack_archive(p)",
    "load(p, safe_mode=False)",
)  # fmt: skip
FINE = (
    "np.load(p, allow_pickle=False)", "model.compile(loss=l)", "re.compile(x)", "model.eval()",
    "tar.extractall(folder, filter='data')", "YAML(typ='safe', pure=True)", "YAML(typ='rt')",
    "import json",
    "platform.system()",
    "HTTPServer(('127.0.0.1', 0), H)", "subprocess.run(c, shell=False)", "tar.extractfile(m)",
    "model.load_weights(p)", "def load_model(): ...", "layer.from_config(c)",
    "serve(host='127.0.0.1')",
)  # fmt: skip
