// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Plays a stream in a real player and tells how it went: behind `make play`.
//!
//! Without a location it has a server and a publisher of its own. The player
//! is `gst-launch-1.0` with rtmprsrc, in a process of its own, so that what
//! is seen is what users get; its command is printed to be copied.

mod arguments;
mod child;
mod contact_sheet;
mod display;
mod launch;
#[path = "../origin/server/mod.rs"]
mod origin;
mod player;
mod protocol_log;
mod received;
mod report;
mod signals;
mod test_stream;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use arguments::{Arguments, HELP};
use player::{End, Player};
use received::{Received, size};
use report::Report;
use signals::Interrupts;
use test_stream::TestStream;
use workspace::Workspace;

fn main() -> ExitCode {
    // Starts by ourselves.
    let arguments = || std::env::args().skip(1);
    if let Some(code) = signals::become_other(arguments()).or_else(|| display::answer(arguments()))
    {
        return code;
    }
    let arguments = match Arguments::parse(arguments()) {
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
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    // Before GStreamer, which starts threads.
    let interrupts = Interrupts::watch().map_err(|error| format!("No signals: {error}"))?;
    gst::init().map_err(|error| format!("GStreamer cannot be used: {error}"))?;
    let plugins = plugin_directory()?;
    let output = arguments.output.display();
    let workspace = Workspace::new(&arguments.output)
        .map_err(|error| format!("{output} cannot be used: {error}"))?;
    if workspace.received().to_str().is_none() {
        return Err(format!("{output} is in a directory whose name is no text"));
    }

    let stream;
    let location = match &arguments.location {
        Some(location) => location,
        None => {
            println!("Publishing a test stream");
            stream = TestStream::start(&workspace, &interrupts, &plugins)?;
            stream.location()
        }
    };
    let player = Player {
        location,
        duration: arguments.duration,
        workspace: &workspace,
        plugins: &plugins,
        display: display::Sinks::detect(),
    };
    let seconds = arguments.duration.as_secs();
    println!("Playing for {seconds} s:\n\n{}\n", player.shown());
    let (end, log) = player
        .run(&interrupts)
        .map_err(|error| format!("The player cannot be started: {error}"))?;

    let received = Received::read(&workspace)
        .map_err(|error| format!("What was received cannot be read: {error}"))?;
    let sheet = workspace.contact_sheet();
    let pictures = contact_sheet::make(&workspace.frames(), &sheet)
        .map_err(|error| format!("{} cannot be made: {error}", sheet.display()))?;
    workspace
        .remove_raw()
        .map_err(|error| format!("{output} cannot be cleaned up: {error}"))?;

    let error = workspace.error_in(&workspace.player_output());
    let files = [
        workspace.received(),
        workspace.player_log(),
        workspace.player_output(),
    ];
    let failed = received.is_empty();
    let report = Report {
        end,
        received,
        log,
        error: error.clone(),
        contact_sheet: (pictures > 0).then_some((pictures, sheet)),
        files: files.into_iter().filter(|file| size(file) > 0).collect(),
    };
    print!("{report}");
    if failed {
        let why = error.unwrap_or_else(|| match end {
            End::Timeout => "the server sends none".to_owned(),
            End::Stream => "the stream ended before any came".to_owned(),
            End::Duration | End::Interrupted => "none came until the end".to_owned(),
            End::Player => "the player ended without saying why".to_owned(),
        });
        return Err(format!("No media was received: {why}"));
    }
    Ok(())
}

/// Where cargo has put the plugin: beside the directory of this program.
fn plugin_directory() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let directory = program.ancestors().nth(2).map(PathBuf::from);
    let directory = directory.unwrap_or_default();
    let library = format!("libgstrtmpr{}", std::env::consts::DLL_SUFFIX);
    if directory.join(&library).is_file() {
        Ok(directory)
    } else {
        let directory = directory.display();
        Err(format!(
            "{library} is not in {directory}: build it with cargo build --release --lib"
        ))
    }
}
