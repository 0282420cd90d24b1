//! A small API server on loopback: replays a recording, keeps every request, and fails on purpose.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::{Arc, Mutex};

#[expect(clippy::disallowed_types, reason = "the stub is a server on loopback")]
use std::net::{TcpListener, TcpStream};

/// One request as the stub saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub accept: String,
    pub body: Vec<u8>,
}

/// What the stub does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Answer from the recording.
    Replay,
    Answer(u16, &'static str, String),
    /// Never answer.
    Hang,
    /// Close without an answer.
    Close,
    /// Promise more than is sent.
    Cut,
    /// Send the answer in small pieces.
    Slow,
}

type Choose = dyn Fn(&Request) -> Act + Send + Sync;

pub(crate) struct Stub {
    pub address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

#[derive(serde::Deserialize)]
struct Recorded {
    path: String,
    accept: String,
    status: u16,
    #[serde(rename = "contentType")]
    content_type: String,
    body: String,
}

type Recording = BTreeMap<(String, bool), (u16, String, String)>;

impl Stub {
    /// Serves until the test ends.
    #[expect(clippy::disallowed_types, reason = "the stub is a server on loopback")]
    pub(crate) fn serve(choose: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (kept, choose, recording) =
            (Arc::clone(&requests), Arc::new(choose), Arc::new(recording()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, choose, recording) =
                    (Arc::clone(&kept), Arc::clone(&choose), Arc::clone(&recording));
                std::thread::spawn(move || talk(stream, &kept, &*choose, &recording));
            }
        });
        Self { address, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// A kubeconfig for this server.
    pub(crate) fn kubeconfig(&self, folder: &std::path::Path) -> std::path::PathBuf {
        kubeconfig(folder, &format!("http://{}", self.address))
    }
}

/// Hands every connection on, and answers none; returns the address.
#[expect(clippy::disallowed_types, reason = "the stub is a server on loopback")]
pub(crate) fn listen(act: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().flatten().for_each(act));
    address
}

pub(crate) fn kubeconfig(folder: &std::path::Path, server: &str) -> std::path::PathBuf {
    let file = folder.join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: tiny\nclusters:\n- name: tiny\n  cluster: {{server: \"{server}\"}}\n\
         contexts:\n- name: tiny\n  context: {{cluster: tiny, user: ops}}\nusers:\n- name: ops\n  user: {{token: stub-token}}\n"
    );
    std::fs::write(&file, text).unwrap();
    file
}

/// A `Status` as API servers answer with.
pub(crate) fn status(code: u16, reason: &str, message: &str) -> Act {
    let body = serde_json::json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code});
    Act::Answer(code, "application/json", body.to_string())
}

fn recording() -> Recording {
    include_str!("../data/recording.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Recorded>(line).unwrap())
        .map(|row| ((row.path, row.accept == "table"), (row.status, row.content_type, row.body)))
        .collect()
}

#[expect(clippy::disallowed_types, reason = "the stub is a server on loopback")]
fn talk(stream: TcpStream, requests: &Mutex<Vec<Request>>, choose: &Choose, recording: &Recording) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader) {
        requests.lock().unwrap().push(request.clone());
        let act = choose(&request);
        let (status, kind, body) = match &act {
            Act::Answer(status, kind, body) => (*status, (*kind).to_owned(), body.clone()),
            Act::Hang => {
                // Until the client goes away.
                let _ = reader.read(&mut [0; 1]);
                return;
            }
            Act::Close => return,
            Act::Replay | Act::Cut | Act::Slow => replay(&request, recording),
        };
        let head = format!(
            "HTTP/1.1 {status} {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nDate: Sat, 21 Nov 2026 10:50:03 GMT\r\n\r\n",
            if status < 400 { "OK" } else { "Error" },
            body.len()
        );
        let sent = match act {
            Act::Cut => {
                let _ = writer
                    .write_all(head.as_bytes())
                    .and_then(|()| writer.write_all(&body.as_bytes()[..body.len() / 2]));
                return;
            }
            Act::Slow => writer.write_all(head.as_bytes()).and_then(|()| {
                body.as_bytes()
                    .chunks(512)
                    .try_for_each(|piece| writer.write_all(piece).and_then(|()| writer.flush()))
            }),
            _ => writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(body.as_bytes())),
        };
        if sent.is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut accept, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "accept" => value.clone_into(&mut accept),
            "content-length" => length = value.parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Request { method, path: path.to_owned(), query: query.to_owned(), accept, body })
}

fn replay(request: &Request, recording: &Recording) -> (u16, String, String) {
    let json = |body: serde_json::Value| (200, "application/json".to_owned(), body.to_string());
    if request.path.ends_with("/selfsubjectrulesreviews") {
        let all = serde_json::json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]);
        return json(
            serde_json::json!({"kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": {},
            "status": {"resourceRules": all, "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}], "incomplete": false}}),
        );
    }
    let table = request.accept.contains("as=Table");
    let known = recording
        .get(&(request.path.clone(), table))
        .or_else(|| recording.get(&(request.path.clone(), false)));
    if let Some(known) = known {
        return known.clone();
    }
    if request.path.ends_with("/log") {
        return (200, "text/plain".to_owned(), "2026-11-21T10:50:00.5Z started\n".to_owned());
    }
    if let Some((_, pod)) = request.path.split_once("/pods/")
        && let Some(found) = recorded_pod(pod, recording)
    {
        return json(found);
    }
    json(
        serde_json::json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []}),
    )
}

fn recorded_pod(name: &str, recording: &Recording) -> Option<serde_json::Value> {
    let (_, _, body) = recording.get(&("/api/v1/pods".to_owned(), false))?;
    let list: serde_json::Value = serde_json::from_str(body).ok()?;
    let mut pod =
        list["items"].as_array()?.iter().find(|pod| pod["metadata"]["name"] == name)?.clone();
    pod["kind"] = "Pod".into();
    pod["apiVersion"] = "v1".into();
    Some(pod)
}
