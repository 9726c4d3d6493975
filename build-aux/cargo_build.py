#!/usr/bin/env python3
# Copyright (C) 2026 the rtmpr contributors
# SPDX-License-Identifier: MPL-2.0

"""What meson.build needs from cargo.

  manifest KEY  print a string of Cargo.toml's [package] section
  cargo         print the cargo to use: $CARGO, else the one in PATH, else rustup's
  build         build the library, copy it to where ninja expects it, write ninja's depfile
  test          run the tests; the exit status is cargo's
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / 'Cargo.toml'


def package_string(key):
    """The value of a string in [package]; tomllib would need Python 3.11."""
    section = None
    for line in MANIFEST.read_text(encoding='utf-8').splitlines():
        if header := re.match(r'\s*\[([^\[\]]+)\]', line):
            section = header.group(1).strip()
        elif section == 'package':
            if value := re.match(rf'\s*{re.escape(key)}\s*=\s*"([^"]*)"', line):
                return value.group(1)
    sys.exit(f'{MANIFEST}: no {key} in [package]')


def find_cargo():
    rustup = Path(os.environ.get('CARGO_HOME') or Path.home() / '.cargo') / 'bin' / 'cargo'
    return os.environ.get('CARGO') or shutil.which('cargo') or shutil.which(rustup) or 'cargo'


def cargo_arguments(target_dir):
    arguments = ['--manifest-path', str(MANIFEST), '--target-dir', target_dir]
    if (ROOT / 'Cargo.lock').exists():
        arguments.append('--locked')
    return arguments


def build(options):
    command = [options.cargo]
    if options.kind == 'static':
        command += ['rustc', '--lib', '--crate-type', 'staticlib', '--features', 'static']
    else:
        command += ['build', '--lib']
    if options.profile == 'release':
        command.append('--release')
    command += cargo_arguments(options.target_dir)
    command.append('--message-format=json-render-diagnostics')

    library = None
    suffix = Path(options.output).suffix
    # Cargo says where the library is, which saves guessing the target's folder and file name.
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding='utf-8') as cargo:
        for line in cargo.stdout:
            if not line.startswith('{'):
                continue
            message = json.loads(line)
            if message['reason'] != 'compiler-artifact':
                continue
            if Path(message['manifest_path']) != MANIFEST:
                continue
            for name in message['filenames']:
                if Path(name).suffix == suffix:
                    library = Path(name)
    if cargo.returncode != 0:
        return cargo.returncode
    if library is None:
        sys.exit(f'cargo built no {suffix} file for {MANIFEST}')

    copy(library, Path(options.output))
    write_depfile(library.with_suffix('.d'), options)
    return 0


def copy(source, destination):
    """Replaces the file as a whole, for it may be mapped by a running program.

    The time of last change is now: cargo's may be older than a source that it
    found to be unchanged, and ninja would run this again and again.
    """
    unfinished = destination.with_name(destination.name + '.part')
    shutil.copyfile(source, unfinished)
    shutil.copymode(source, unfinished)
    os.replace(unfinished, destination)


def write_depfile(cargo_depfile, options):
    """Cargo's depfile has a rule for each file it made, none of which is ninja's output."""
    sources = {}
    for line in cargo_depfile.read_text(encoding='utf-8').splitlines():
        _, separator, names = line.partition(': ')
        if separator:
            for name in re.findall(r'(?:\\ |\S)+', names):
                sources[os.path.join(escape(ROOT), name)] = None
    for name in ('Cargo.toml', 'Cargo.lock', 'build.rs'):
        sources[escape(ROOT / name)] = None
    # A file that does not exist (a build script may watch for one) would never be up to date.
    existing = [name for name in sources if os.path.exists(name.replace('\\ ', ' '))]
    text = f'{escape(options.output)}: ' + ' \\\n  '.join(existing) + '\n'
    Path(options.depfile).write_text(text, encoding='utf-8')


def escape(path):
    return str(path).replace(' ', '\\ ')


def test(options):
    command = [options.cargo, 'test'] + cargo_arguments(options.target_dir)
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tasks = parser.add_subparsers(dest='task', required=True)
    tasks.add_parser('manifest').add_argument('key')
    tasks.add_parser('cargo')
    cargo_options = argparse.ArgumentParser(add_help=False)
    cargo_options.add_argument('--cargo', required=True)
    cargo_options.add_argument('--target-dir', required=True)
    build_options = tasks.add_parser('build', parents=[cargo_options])
    build_options.add_argument('--kind', choices=['shared', 'static'], required=True)
    build_options.add_argument('--profile', choices=['dev', 'release'], required=True)
    build_options.add_argument('--output', required=True)
    build_options.add_argument('--depfile', required=True)
    tasks.add_parser('test', parents=[cargo_options])
    options = parser.parse_args()

    if options.task == 'manifest':
        print(package_string(options.key))
    elif options.task == 'cargo':
        print(find_cargo())
    elif options.task == 'build':
        return build(options)
    elif options.task == 'test':
        return test(options)
    return 0


if __name__ == '__main__':
    sys.exit(main())
