//! `earmark serve`, run as a program and asked over loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }
}

/// A service that is killed when the test ends.
struct Service {
    child: Child,
    address: SocketAddr,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    fn start(registry: &Path) -> Self {
        let mut child = earmark(&["serve", "--listen", "127.0.0.1:0"], registry)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
        let line = lines.next().expect("the service says where it listens").expect("UTF-8");
        let address = line.rsplit("http://").next().expect("an address").trim();
        let address = address.parse().unwrap_or_else(|_| panic!("{line}"));
        // Read on, so that the service never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Service { child, address }
    }

    fn ask(&self, method: &str, path: &str, token: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).expect("the service listens");
        stream.set_read_timeout(Some(Duration::from_secs(120))).expect("a time limit");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).expect("sent");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("answered");
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a header") + 4;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        assert!(!head.to_lowercase().contains("transfer-encoding: chunked"), "{head}");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Answer { status, body: bytes[end..].to_vec() }
    }
}

fn earmark(words: &[&str], registry: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    command.arg(words[0]).arg("--registry").arg(registry).args(&words[1..]);
    command
}

fn token(registry: &Path, more: &[&str]) -> String {
    let output = earmark(&[&["serve", "token", "create"], more].concat(), registry).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

/// A copy of the registry in testdata, which a test may write.
fn registry(folder: &Path) -> PathBuf {
    let copy = folder.join("registry");
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/registry"), &copy);
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("read") {
        let entry = entry.expect("read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("known").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_registry_answers_takes_declarations_and_proves_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = registry(folder.path());
    let asker = token(&registry, &["--name", "lab", "--role", "asker"]);
    let label = ["--name", "label", "--role", "rightsholder", "--owner", "Halden Bay Records"];
    let label = token(&registry, &label);
    let service = Service::start(&registry);

    assert_eq!(service.ask("GET", "/v1/isrc/QZHB12500001", "em_0_0", b"").status, 401);
    let row = service.ask("GET", "/v1/isrc/QZ-HB1-25-00001?use=ai-training", &asker, b"").json();
    assert_eq!((row["declared"].as_str(), row["basis"].as_str()), (Some("disallowed"), Some("isrc")));
    let row = service.ask("GET", "/v1/isrc/QZHB12500003", &asker, b"").json();
    assert_eq!(row["declared"], "allowed");
    // A code that nobody registered and nobody spoke about.
    let row = service.ask("GET", "/v1/isrc/GBXYZ2400009", &asker, b"").json();
    assert_eq!(
        (row["declared"].as_str(), row["recordings"].as_array().map(Vec::len)),
        (Some("undeclared"), Some(0))
    );
    assert_eq!(service.ask("GET", "/v1/isrc/QZHB12500001?use=everything", &asker, b"").status, 400);

    // Fingerprints get the rows that the program writes for the same file.
    let efp = folder.path().join("fingerprints.efp");
    let clips = ["testdata/scraped/cut.mp3", "testdata/scraped/noise.ogg", "testdata/scraped/not-audio.mp3"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_earmark"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("fingerprint").args(clips).arg("--out").arg(&efp);
    assert_eq!(command.output().expect("runs").status.code(), Some(3), "one of them is not audio");
    let bytes = std::fs::read(&efp).expect("fingerprints");
    let answer = service.ask("POST", "/v1/scan", &asker, &bytes);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let efp = efp.to_str().expect("a plain name");
    let scanned = earmark(&["scan", "--format", "jsonl", efp], &registry).output().expect("runs").stdout;
    let rows =
        |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rows(&answer.body).len(), 3);
    assert_eq!(rows(&answer.body), rows(&scanned));
    assert_eq!(service.ask("POST", "/v1/scan", &asker, b"not fingerprints").status, 400);

    // A declaration is acknowledged with its number, and changes the answer.
    let row = r#"{"isrc": "QZHB12500003", "use": "ai-training", "permission": "disallow", "declarant": "Halden Bay Records"}"#;
    let effect = service.ask("POST", "/v1/effect", &label, row.as_bytes()).json();
    assert_eq!(effect["changes"][0]["to"], "disallowed");
    assert_eq!(service.ask("POST", "/v1/declarations", &asker, row.as_bytes()).status, 403);
    let logged = service.ask("POST", "/v1/declarations", &label, row.as_bytes());
    assert_eq!(logged.status, 201, "{}", String::from_utf8_lossy(&logged.body));
    let row = service.ask("GET", "/v1/isrc/QZHB12500003", &asker, b"").json();
    assert_eq!(row["declared"], "disallowed");
    let proof = logged.json()["rows"][0]["proof"].as_str().expect("a receipt").to_owned();
    let receipt = service.ask("GET", &proof, &asker, b"");
    assert!(receipt.body.starts_with(b"c2sp.org/tlog-proof@v1\nindex "));

    // What another process commits is taken up.
    let line =
        ["declare", "--isrc", "GBXYZ2400009", "--use", "search", "--disallow", "--declarant", "Somebody"];
    let size = || service.ask("GET", "/v1", &asker, b"").json()["state"]["log_size"].as_u64();
    let before = size();
    assert!(earmark(&line, &registry).output().expect("runs").status.success());
    until("the declaration of another process is seen", || size() > before);
}

#[test]
fn a_killed_service_loses_nothing_that_it_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = registry(folder.path());
    let label = ["--name", "label", "--role", "rightsholder", "--owner", "Halden Bay Records"];
    let label = token(&registry, &label);
    let mut acknowledged = Vec::new();
    for round in 0..5 {
        let service = Service::start(&registry);
        for n in 0..3 {
            let isrc = format!("QZHB125{:05}", 100 * round + n);
            let row = format!(
                r#"{{"isrc": "{isrc}", "use": "ai-training", "permission": "disallow", "declarant": "Halden Bay Records"}}"#
            );
            let answer = service.ask("POST", "/v1/declarations", &label, row.as_bytes());
            assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
            acknowledged.push((answer.json()["rows"][0]["seq"].as_u64().expect("a number"), isrc));
        }
        // Dropped: killed at once.
    }
    let service = Service::start(&registry);
    for (seq, isrc) in &acknowledged {
        let row = service.ask("GET", &format!("/v1/declarations/{seq}"), &label, b"").json();
        assert!(row.to_string().contains(isrc.as_str()), "row {seq} is {row}");
    }
    let numbers: std::collections::BTreeSet<u64> = acknowledged.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers.len(), acknowledged.len(), "no row stands twice");
}

#[test]
fn what_would_be_open_to_the_network_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let registry = registry(folder.path());
    let refused = |words: &[&str]| {
        let output = earmark(&[&["serve", "--check"], words].concat(), &registry).output().expect("runs");
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused(&["--listen", "0.0.0.0:8080"]).contains("proxy"));
    assert!(refused(&["--listen", "0.0.0.0:8080", "--behind-proxy"]).contains("token"));
    assert!(refused(&["--config", "no-such-file.toml"]).contains("no-such-file.toml"));
    token(&registry, &["--name", "me", "--role", "admin"]);
    let line = ["serve", "--check", "--listen", "0.0.0.0:8080", "--behind-proxy"];
    assert_eq!(earmark(&line, &registry).output().expect("runs").status.code(), Some(0));
}
