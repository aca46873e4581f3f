//! Starts chromedriver on a port of its own choice and ends it, with its browser, when dropped.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub struct Driver {
    child: Child,
    pub address: String,
}

impl Driver {
    /// `Err` says what is missing on this machine.
    pub fn start() -> Result<Driver, String> {
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("chromedriver does not start ({e}); install chromium and chromium-driver"))?;
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut lines = BufReader::new(stdout).lines();
        // "ChromeDriver was started successfully on port 41234."
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse::<u16>().ok());
        // Somebody must read on, or a full pipe stops the driver.
        std::thread::spawn(move || lines.for_each(drop));
        match port {
            Some(port) => Ok(Driver { child, address: format!("http://127.0.0.1:{port}") }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                Err("chromedriver ended without naming its port".to_owned())
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
