// The npm compiler behind the native compiler's command line, as far as py-solc-x, Brownie, Slither and forge
// use it:
//
//     solc --version
//     solc --standard-json [--base-path DIR] [--include-path DIR]... [--allow-paths ...] [FILE] < input.json
//
// The package to load is named by the environment variable SOLCJS_PACKAGE; without it, `solc` is looked up
// from the working directory. Anything else on the command line is refused, so that a caller never gets less
// than it asked for.
"use strict";

const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

function fail(message) {
  process.stderr.write(message + "\n");
  process.exit(1);
}

function loadCompiler() {
  const location = process.env.SOLCJS_PACKAGE;
  try {
    return location ? require(location) : createRequire(path.join(process.cwd(), "_.js"))("solc");
  } catch (error) {
    return fail(`Error: the npm package solc cannot be loaded: ${error.message}`);
  } finally {
    // soljson would otherwise print its own multi-megabyte source line on any exception, and exit with 7.
    process.removeAllListeners("uncaughtException");
    process.removeAllListeners("unhandledRejection");
  }
}

function parse(argv) {
  const options = { roots: [], mode: null, file: null };
  for (let i = 0; i < argv.length; i++) {
    const [flag, inline] = argv[i].startsWith("--") ? argv[i].split(/=(.*)/s) : [argv[i]];
    const value = () => (inline !== undefined ? inline : argv[++i]);
    if (flag === "--version" || flag === "--standard-json") options.mode = flag;
    else if (flag === "--base-path") options.roots.unshift(value());
    else if (flag === "--include-path") options.roots.push(value());
    else if (flag === "--allow-paths") value(); // the process's own permissions bound what it reads
    else if (flag === "--pretty-json") continue;
    else if (!flag.startsWith("-") && options.mode === "--standard-json") options.file = flag;
    else fail(`unrecognised option '${flag}'`);
  }
  return options;
}

// Imports that the input does not carry: absolute, else under the base path, the include paths and the
// working directory.
function importer(roots) {
  return (name) => {
    for (const root of [...roots, "."]) {
      const candidate = path.resolve(root, name);
      if (fs.existsSync(candidate)) return { contents: fs.readFileSync(candidate, "utf8") };
    }
    return { error: `File not found: ${name}` };
  };
}

const options = parse(process.argv.slice(2));
if (options.mode === null) fail("Error: only --version and --standard-json are supported");
const compiler = loadCompiler();
if (options.mode === "--version") {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${compiler.version()}\n`);
} else {
  const input = fs.readFileSync(options.file === null ? 0 : options.file, "utf8");
  // Written synchronously: process.exit would cut a long answer short on a pipe.
  const answer = Buffer.from(compiler.compile(input, { import: importer(options.roots) }));
  for (let written = 0; written < answer.length; ) {
    try {
      written += fs.writeSync(1, answer, written);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}
