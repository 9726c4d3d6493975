// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! An RTMP server to try things with:
//! `cargo run --release --example origin -- --listen 127.0.0.1:1935`

mod server;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use gstrtmpr::rtmp::auth::{Credentials, Method};
use server::hub::{Missing, NameInUse};
use server::{Origin, OriginOptions};

const HELP: &str = "\
An RTMP server: whatever is published to it can be played from it.

Usage: origin [OPTIONS]

  --listen ADDRESS:PORT     where to listen, port 0 for a free one [127.0.0.1:1935]
  --chunk-size BYTES        largest chunk that is sent [60000]
  --missing wait|refuse     a stream that nobody publishes: wait for it, or answer
                            StreamNotFound and close [wait]
  --name-in-use refuse|replace
                            a second publisher of a stream: answer BadName, or let it
                            take the place of the first [refuse]
  --recordings FOLDER       FLV files that can be played by their names
  --user NAME:PASSWORD      lets in this user, and nobody without a password; repeatable
  --authmod adobe|llnw      how users show that they know their passwords [adobe]
  --secure-token TOKEN      lets publish and play only who knows this (SecureToken)
  --max-connections NUMBER  clients at one time [256]
  --max-queue-bytes BYTES   media that may wait for one client [16777216]
  --max-gop-bytes BYTES     media kept of a stream for later players [8388608]
  --quiet                   do not tell who comes, goes, publishes and plays
  --help                    this text
";

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}. See --help.");
            return ExitCode::from(2);
        }
    };
    let origin = match Origin::start(arguments.listen, arguments.options) {
        Ok(origin) => origin,
        Err(error) => {
            eprintln!("Cannot listen on {}: {error}", arguments.listen);
            return ExitCode::FAILURE;
        }
    };
    // Scripts read the port from here.
    println!("listening on {}", origin.local_addr());
    loop {
        std::thread::park();
    }
}

struct Arguments {
    listen: SocketAddr,
    options: OriginOptions,
}

impl Arguments {
    /// `None`: help is wanted.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut parsed = Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 1935)),
            options: OriginOptions::default(),
        };
        let options = &mut parsed.options;
        let mut quiet = false;
        while let Some(argument) = arguments.next() {
            // Both `--name value` and `--name=value`.
            let (name, mut value) = match argument.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (argument, None),
            };
            let mut value = || {
                let value = value.take().or_else(|| arguments.next());
                value.ok_or_else(|| format!("{name} needs a value"))
            };
            match name.as_str() {
                "--help" | "-h" => return Ok(None),
                "--quiet" => quiet = true,
                "--listen" => parsed.listen = parse(&name, &value()?)?,
                "--chunk-size" => {
                    let size = parse(&name, &value()?)?;
                    if !(1..=0xFF_FFFF).contains(&size) {
                        return Err(format!("{name} has to be 1 to 16777215"));
                    }
                    options.chunk_size = size;
                }
                "--missing" => {
                    options.missing = match value()?.as_str() {
                        "wait" => Missing::Wait,
                        "refuse" => Missing::Refuse,
                        other => return Err(format!("{name}: {other:?} is none of its values")),
                    };
                }
                "--name-in-use" => {
                    options.name_in_use = match value()?.as_str() {
                        "refuse" => NameInUse::Refuse,
                        "replace" => NameInUse::Replace,
                        other => return Err(format!("{name}: {other:?} is none of its values")),
                    };
                }
                "--recordings" => options.recordings = Some(value()?.into()),
                "--user" => {
                    let value = value()?;
                    let parts = value.split_once(':').filter(|(user, _)| !user.is_empty());
                    // Not shown, as it is a password.
                    let (user, password) =
                        parts.ok_or_else(|| format!("{name} wants NAME:PASSWORD"))?;
                    options.users.push(Credentials {
                        user: user.to_owned(),
                        password: password.to_owned(),
                    });
                }
                "--authmod" => {
                    let value = value()?;
                    options.authmod = Method::from_name(&value)
                        .ok_or_else(|| format!("{name}: {value:?} is none of its values"))?;
                }
                "--secure-token" => options.secure_token = Some(value()?),
                "--max-connections" => options.max_connections = parse(&name, &value()?)?,
                "--max-queue-bytes" => options.max_queue_bytes = parse(&name, &value()?)?,
                "--max-gop-bytes" => options.max_gop_bytes = parse(&name, &value()?)?,
                _ => return Err(format!("{name} is no option")),
            }
        }
        if !quiet {
            options.observer = Some(Arc::new(|notice| eprintln!("{notice}")));
        }
        Ok(Some(parsed))
    }
}

fn parse<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{name}: {value:?} cannot be understood"))
}
