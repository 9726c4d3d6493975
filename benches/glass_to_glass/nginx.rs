// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! An nginx with RTMP of the program's own, ended by its pid.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Ends when it is dropped, and its folder with it.
pub(crate) struct Nginx {
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Nginx {
    /// Writes a configuration for a free port, and runs it.
    pub(crate) fn start() -> Result<Self, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(text)?;
        let port = listener.local_addr().map_err(text)?.port();
        drop(listener);
        let folder = std::env::temp_dir().join(format!("rtmpr-nginx-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(text)?;
        let mut nginx = Self {
            folder,
            port,
            child: None,
        };
        let configuration = format!(
            "load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
             daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log error;
             events {{ worker_connections 64; }}
             rtmp {{ server {{ listen 127.0.0.1:{port}; chunk_size 4096;
                 application live {{ live on; }}
             }} }}",
            folder = nginx.folder.display()
        );
        std::fs::write(nginx.folder.join("nginx.conf"), configuration).map_err(text)?;
        nginx.run()?;
        Ok(nginx)
    }

    /// Runs it (again), and returns when it listens.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        self.kill();
        let child = Command::new("nginx")
            .arg("-p")
            .arg(&self.folder)
            .arg("-e")
            .arg(self.folder.join("error.log"))
            .arg("-c")
            .arg(self.folder.join("nginx.conf"))
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("nginx does not start: {error}"))?;
        self.child = Some(child);
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(self.address()).is_err() {
            if deadline <= Instant::now() {
                return Err("nginx does not listen; is libnginx-mod-rtmp there?".to_owned());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Kills it, if it runs.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Both fail only if it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.kill();
        // A folder left behind does no harm.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
