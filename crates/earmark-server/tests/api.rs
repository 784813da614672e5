//! The routes, one request at a time.

mod support;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use earmark_server::answer;
use earmark_server::config::Config;
use earmark_server::server::Server;
use earmark_server::store::{NewToken, Role};
use earmark_server::tlog::{includes, parse_checkpoint};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use support::{Fake, World};
use tower::ServiceExt;

struct Answer {
    status: StatusCode,
    headers: axum::http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn problem(&self) -> String {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        problem["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned()
    }
}

async fn ask(world: &World, request: Request<Body>) -> Answer {
    let response: Response<Body> = world.server.app().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
    Answer { status, headers, body }
}

fn get(path: &str, token: &str) -> Request<Body> {
    Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}")).body(Body::empty()).unwrap()
}

fn post(path: &str, token: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header(header::AUTHORIZATION, format!("Bearer {token}")).body(body.into()).unwrap()
}

fn world() -> World {
    World::new(Fake::new(3), Config::default())
}

#[tokio::test]
async fn nobody_asks_without_a_token_unless_the_operator_says_so() {
    let closed = world();
    let request = || Request::get("/v1/isrc/QZHB12400001").body(Body::empty()).unwrap();
    let answer = ask(&closed, request()).await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNAUTHORIZED, "unauthenticated"));
    let open = World::new(Fake::new(3), Config { open: true, ..Config::default() });
    assert_eq!(ask(&open, request()).await.status, StatusCode::OK);
    // Openness is for questions alone.
    let write = Request::post("/v1/declarations").body(Body::from("[{}]")).unwrap();
    assert_eq!(ask(&open, write).await.problem(), "forbidden");
}

#[tokio::test]
async fn every_role_may_do_its_own_and_no_more() {
    let world = world();
    let declaration = r#"{"declarant": "Label"}"#;
    let routes: [(&str, &str, &str); 9] = [
        ("GET", "/v1/recordings", ""),
        ("POST", "/v1/declarations", declaration),
        ("POST", "/v1/effect", declaration),
        ("POST", "/v1/registrations", "Label"),
        ("POST", "/v1/mandates", "{}"),
        ("POST", "/v1/owners", "{}"),
        ("GET", "/v1/audit", ""),
        ("GET", "/v1/tokens", ""),
        ("DELETE", "/v1/tokens/0000", ""),
    ];
    let allowed = |role, route: usize| match role {
        Role::Asker => false,
        Role::Rightsholder => route <= 3,
        Role::Registrar => route <= 5,
        Role::Auditor => matches!(route, 0 | 6),
        Role::Admin => true,
    };
    for role in [Role::Asker, Role::Rightsholder, Role::Registrar, Role::Auditor, Role::Admin] {
        let token = world.token(role);
        for (n, (method, path, body)) in routes.iter().enumerate() {
            let request = Request::builder()
                .method(*method)
                .uri(*path)
                .header(header::AUTHORIZATION, format!("Bearer {token}"))
                .body(Body::from(*body))
                .unwrap();
            let answer = ask(&world, request).await;
            let refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(!refused, allowed(role, n), "{} {method} {path}: {}", role.name(), answer.status);
        }
    }
}

#[tokio::test]
async fn a_rightsholder_speaks_in_one_name_alone() {
    let world = world();
    let token = world.token(Role::Rightsholder);
    for declarant in ["Other", "label", "Label ", ""] {
        let row = json!([{ "declarant": "Label" }, { "declarant": declarant }]).to_string();
        let answer = ask(&world, post("/v1/declarations", &token, row)).await;
        assert_eq!(answer.problem(), "forbidden", "{declarant:?}");
    }
    assert_eq!(world.fake.rows().len(), 3);
    let answer = ask(&world, get("/v1/recordings?owner=Other", &token)).await;
    assert_eq!(answer.json()[0]["owner"], "Label");
    assert_eq!(ask(&world, post("/v1/registrations", &token, "Other")).await.problem(), "forbidden");
}

#[tokio::test]
async fn an_answer_has_a_tag_and_is_signed_where_that_is_asked_for() {
    let world = world();
    let token = world.token(Role::Asker);
    let first = ask(&world, get("/v1/isrc/QZHB12400001?use=ai-training", &token)).await;
    let tag = first.headers[header::ETAG].clone();
    let again = |path: &str| {
        let mut request = get(path, &token);
        request.headers_mut().insert(header::IF_NONE_MATCH, tag.clone());
        request.headers_mut().insert("earmark-sign", "1".parse().unwrap());
        request
    };
    let known = ask(&world, again("/v1/isrc/QZHB12400001?use=ai-training")).await;
    assert_eq!((known.status, known.body.len()), (StatusCode::NOT_MODIFIED, 0));
    // Another question or another state is another answer.
    let other = ask(&world, again("/v1/isrc/QZHB12400001?use=ai-inference")).await;
    assert_eq!(other.status, StatusCode::OK);
    let mut rows = world.fake.rows();
    rows.push(json!({ "n": 3 }));
    world.fake.commit(rows);
    assert!(world.server.service().reload().unwrap());
    let signed = ask(&world, again("/v1/isrc/QZHB12400001?use=ai-training")).await;
    assert_eq!(signed.status, StatusCode::OK);
    use base64::Engine;
    let note =
        base64::engine::general_purpose::STANDARD.decode(&signed.headers["earmark-signature"]).unwrap();
    let note = String::from_utf8(note).unwrap();
    let public = ask(&world, get("/v1", &token)).await.json()["public_key"].as_str().unwrap().to_owned();
    assert_eq!(answer::check(&note, &public, &signed.body).unwrap().log_size, 4);
    assert!(answer::check(&note, &public, &first.body).is_ok(), "the row is the same");
    assert!(answer::check(&note, &public, b"{}\n").is_err());
}

#[tokio::test]
async fn questions_that_are_not_understood_are_refused() {
    let world = world();
    let token = world.token(Role::Asker);
    for path in [
        "/v1/isrc/QZHB12400001?use=everything",
        "/v1/isrc/QZHB12400001?terrritory=DE",
        "/v1/isrc/nonsense",
        "/v1/declarations/abc",
        "/v1/changes?after=-1",
    ] {
        let answer = ask(&world, get(path, &token)).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (StatusCode::BAD_REQUEST, "invalid"),
            "{path}"
        );
    }
    for path in [
        "/v1/declarations/0",
        "/v1/declarations/99",
        "/v1/declarations/99/proof",
        "/v1/recordings/r2",
        "/nothing",
    ] {
        assert_eq!(ask(&world, get(path, &token)).await.problem(), "not-found", "{path}");
    }
    assert_eq!(ask(&world, post("/v1", &token, "")).await.problem(), "method-not-allowed");
}

#[tokio::test]
async fn isrcs_are_answered_in_order() {
    let world = World::new(Fake::new(1), Config { max_isrcs: 3, ..Config::default() });
    let token = world.token(Role::Asker);
    let answer = ask(&world, post("/v1/isrc/check", &token, "QZHB12400001\nno\nQZHB12400003\n")).await;
    let rows: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!((&rows[0]["isrc"], &rows[2]["isrc"]), (&json!("QZHB12400001"), &json!("QZHB12400003")));
    assert!(rows[1]["error"].is_string());
    let many = "QZHB12400001\n".repeat(4);
    assert_eq!(ask(&world, post("/v1/isrc/check", &token, many)).await.problem(), "too-large");
    let long = "x".repeat(1_000);
    assert_eq!(ask(&world, post("/v1/isrc/check", &token, long)).await.problem(), "too-large");
}

#[tokio::test]
async fn a_licensee_asks_as_itself_whatever_the_question_says() {
    let world = world();
    let new = NewToken {
        name: "maker".to_owned(),
        role: Role::Asker,
        owner: None,
        licensee: Some("Model Maker".to_owned()),
        expires: None,
    };
    let token = world.server.service().store.create_token(&new).unwrap().text;
    let answer = ask(&world, get("/v1/isrc/QZHB12400001?asker=Somebody", &token)).await;
    assert_eq!(answer.json()["asker"], "Model Maker");
}

#[tokio::test]
async fn fingerprints_are_answered_also_compressed_and_never_beyond_the_limit() {
    let config = Config { max_body_mib: 1, max_unpacked_mib: 2, ..Config::default() };
    let world = World::new(Fake::new(1), config);
    let token = world.token(Role::Asker);
    assert_eq!(ask(&world, post("/v1/scan", &token, "x")).await.text(), "answer to x");
    let packed = |bytes: usize, coding: &str| {
        let mut request = post("/v1/scan", &token, zstd::bulk::compress(&vec![b'x'; bytes], 1).unwrap());
        request.headers_mut().insert(header::CONTENT_ENCODING, coding.parse().unwrap());
        request
    };
    assert_eq!(ask(&world, packed(2 << 20, "zstd")).await.body.len(), 10 + (2 << 20));
    assert_eq!(ask(&world, packed((2 << 20) + 1, "zstd")).await.problem(), "invalid");
    assert_eq!(ask(&world, packed(10, "gzip")).await.problem(), "invalid");
    assert_eq!(ask(&world, packed(10, "br")).await.problem(), "invalid");
    let large = vec![0; (1 << 20) + 1];
    assert_eq!(ask(&world, post("/v1/scan", &token, large)).await.problem(), "too-large");
}

#[tokio::test]
async fn a_flood_is_refused_at_once_and_leaves_no_place_taken() {
    let config = Config { searches: Some(1), waiting: 3, ..Config::default() };
    let world = World::new(Fake { search: Duration::from_millis(300), ..Fake::new(1) }, config);
    let token = world.token(Role::Asker);
    let app = world.server.app();
    let flood: Vec<_> =
        (0..20).map(|_| tokio::spawn(app.clone().oneshot(post("/v1/scan", &token, "x")))).collect();
    let mut answered = 0;
    for request in flood {
        match request.await.unwrap().unwrap().status() {
            StatusCode::OK => answered += 1,
            StatusCode::SERVICE_UNAVAILABLE => {}
            other => panic!("{other}"),
        }
    }
    // Half of four places is what one caller may hold.
    assert_eq!(answered, 2);
    assert_eq!(world.server.service().gate.load(), (0, 4));
    let again = ask(&world, post("/v1/scan", &token, "x")).await;
    assert_eq!(again.status, StatusCode::OK);
}

#[tokio::test]
async fn whoever_goes_away_ends_the_search() {
    let world = World::new(
        Fake { search: Duration::from_secs(30), ..Fake::new(1) },
        Config { searches: Some(1), ..Config::default() },
    );
    let token = world.token(Role::Asker);
    let request = world.server.app().oneshot(post("/v1/scan", &token, "x"));
    assert!(tokio::time::timeout(Duration::from_millis(100), request).await.is_err());
    for _ in 0..100 {
        if world.server.service().gate.load().0 == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the search went on");
}

#[tokio::test]
async fn a_job_is_answered_and_is_its_callers_alone() {
    let world = world();
    let (mine, other) = (world.token(Role::Asker), world.token(Role::Admin));
    let mut request = post("/v1/scan", &mine, "x");
    request.headers_mut().insert("prefer", "wait=5, respond-async".parse().unwrap());
    let accepted = ask(&world, request).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED);
    let location = accepted.headers[header::LOCATION].to_str().unwrap().to_owned();
    let answer = format!("{location}/answer");
    assert_eq!(ask(&world, get(&answer, &mine)).await.problem(), "conflict");
    assert_eq!(ask(&world, get(&location, &other)).await.problem(), "not-found");
    // The process ends before the job was worked on, and another one takes over.
    let again = Server::new(Config::default(), world.path(), world.fake.clone()).unwrap();
    let stopping = Arc::default();
    let worker = tokio::spawn(earmark_server::api::run_jobs(again.service().clone(), Arc::clone(&stopping)));
    let mut state = String::new();
    for _ in 0..200 {
        state = ask(&world, get(&location, &mine)).await.json()["state"].as_str().unwrap().to_owned();
        if state == "done" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(state, "done");
    assert_eq!(ask(&world, get(&answer, &mine)).await.text(), "answer to x");
    assert_eq!(ask(&world, get(&answer, &other)).await.problem(), "not-found");
    stopping.store(true, std::sync::atomic::Ordering::Relaxed);
    worker.await.unwrap();
}

#[tokio::test]
async fn a_write_is_acknowledged_with_a_receipt_that_holds() {
    let world = world();
    let token = world.token(Role::Rightsholder);
    let row = json!({ "declarant": "Label", "n": 7 });
    let write = |key: &str, row: &Value| {
        let mut request = post("/v1/declarations", &token, row.to_string());
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        request
    };
    let first = ask(&world, write("a", &row)).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    let logged = first.json();
    assert_eq!(logged["rows"][0]["seq"], 4);
    // The same again, by its key and by its content, is the same row.
    assert_eq!(ask(&world, write("a", &row)).await.body, first.body);
    assert_eq!(ask(&world, write("b", &row)).await.json()["rows"][0]["seq"], 4);
    assert_eq!(world.fake.rows().len(), 4);
    let conflict = ask(&world, write("a", &json!({ "declarant": "Label", "n": 8 }))).await;
    assert_eq!(conflict.problem(), "conflict");

    let receipt = ask(&world, get(logged["rows"][0]["proof"].as_str().unwrap(), &token)).await.text();
    let (proof, checkpoint) = receipt.split_once("\n\n").unwrap();
    let public = world.server.service().key.public().to_owned();
    let (size, root) = parse_checkpoint(checkpoint, &public).unwrap();
    let mut lines = proof.lines();
    assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"));
    assert_eq!(lines.next(), Some("index 3"));
    use base64::Engine;
    let hashes: Vec<[u8; 32]> = lines
        .map(|line| base64::engine::general_purpose::STANDARD.decode(line).unwrap().try_into().unwrap())
        .collect();
    let stored = world.fake.rows()[3].to_string();
    assert!(includes(&hashes, size, root, 3, stored.as_bytes()));
    assert!(!includes(&hashes, size, root, 2, stored.as_bytes()));
}

#[tokio::test]
async fn a_write_with_one_bad_row_writes_nothing() {
    let world = world();
    let token = world.token(Role::Rightsholder);
    let rows = json!([{ "declarant": "Label" , "bad": 1 }, { "declarant": "Label" }]).to_string();
    assert_eq!(ask(&world, post("/v1/declarations", &token, rows)).await.problem(), "invalid");
    assert_eq!(world.fake.rows().len(), 3);
}

#[tokio::test]
async fn tiles_and_changes_give_the_whole_log() {
    let world = World::new(Fake::new(300), Config::default());
    let token = world.token(Role::Auditor);
    let tile = ask(&world, get("/log/tile/0/000", "")).await;
    assert_eq!((tile.status, tile.body.len()), (StatusCode::OK, 256 * 32));
    assert!(tile.headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    assert_eq!(ask(&world, get("/log/tile/0/001.p/44", "")).await.body.len(), 44 * 32);
    assert_eq!(ask(&world, get("/log/tile/1/000.p/1", "")).await.body.len(), 32);
    for path in ["/log/tile/0/001.p/45", "/log/tile/0/001", "/log/tile/00/000", "/log/tile/entries/001.p/45"]
    {
        assert_eq!(ask(&world, get(path, "")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let entries = ask(&world, get("/log/tile/entries/001.p/44", "")).await.body;
    let length = usize::from(u16::from_be_bytes([entries[0], entries[1]]));
    assert_eq!(String::from_utf8_lossy(&entries[2..2 + length]), world.fake.rows()[256].to_string());
    let changes = ask(&world, get("/v1/changes?after=298", &token)).await.text();
    assert_eq!(changes.lines().count(), 2);
    assert_eq!(ask(&world, get("/v1/changes?after=300", &token)).await.text(), "");
}

#[tokio::test]
async fn a_change_wakes_whoever_waits_for_it() {
    let world = world();
    let token = world.token(Role::Asker);
    let waiting = tokio::spawn(world.server.app().oneshot(get("/v1/changes?after=3&wait=20", &token)));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut rows = world.fake.rows();
    rows.push(json!({ "n": 3 }));
    world.fake.commit(rows);
    world.server.service().reload().unwrap();
    let response = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap().unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body.iter().filter(|byte| **byte == b'\n').count(), 1);
}

#[tokio::test]
async fn a_log_that_was_rolled_back_or_rewritten_is_not_served() {
    let world = world();
    let checkpoint = world.server.service().published.read().unwrap().checkpoint().to_owned();
    let rows = world.fake.rows();
    let mut rewritten = rows.clone();
    rewritten[2] = json!({ "n": "another" });
    for bad in [rows[..2].to_vec(), [rewritten, vec![json!({ "n": 3 })]].concat()] {
        world.fake.commit(bad.clone());
        assert!(world.server.service().reload().is_err());
        // Answers still come from the state that was published.
        let service = world.server.service();
        assert_eq!(service.published.read().unwrap().checkpoint(), checkpoint);
        assert_eq!(service.view().state().log_size, 3);
        // A new process notices, too.
        assert!(Server::new(Config::default(), world.path(), Arc::new(Fake::of(bad))).is_err());
    }
    let mut first = rows.clone();
    first[0] = json!({ "n": "another" });
    assert!(Server::new(Config::default(), world.path(), Arc::new(Fake::of(first))).is_err());
    world.fake.commit(rows);
    assert!(!world.server.service().reload().unwrap(), "the state is the published one again");
    Server::new(Config::default(), world.path(), world.fake.clone()).unwrap();
}

#[tokio::test]
async fn wrong_tokens_are_limited_and_right_ones_are_not() {
    let world = world();
    let token = world.token(Role::Asker);
    let mut statuses = Vec::new();
    for _ in 0..15 {
        statuses.push(ask(&world, get("/v1/recordings/r1", "em_00_00")).await.status);
    }
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS) && statuses[0] == StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&world, get("/v1/recordings/r1", &token)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn strangers_are_limited_by_address() {
    let config = Config { open: true, requests_a_minute: 3, behind_proxy: true, ..Config::default() };
    let world = World::new(Fake::new(1), config);
    let request = |address: &str| {
        Request::get("/v1/recordings/r1").header("x-forwarded-for", address).body(Body::empty()).unwrap()
    };
    let mut statuses = Vec::new();
    for n in 0..6 {
        // What a caller writes itself into the header does not make another caller of it.
        statuses.push(ask(&world, request(&format!("10.0.0.{n}, 192.0.2.1"))).await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 3);
    assert_eq!(ask(&world, request("192.0.2.2")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_manifest_is_found_by_sound() {
    let world = world();
    let token = world.token(Role::Asker);
    world.server.service().store.add_manifest("r1", "urn:c2pa:1", "https://example.com/c2pa").unwrap();
    let algorithms = ask(&world, get("/c2pa/v1/services/supportedAlgorithms", "")).await.json();
    let alg = algorithms["fingerprints"][0]["alg"].as_str().unwrap().to_owned();
    assert_eq!(alg, "localhost.earmark.p1");
    let binding = |alg: &str| {
        let body = json!({ "alg": alg, "value": "AAAA" }).to_string();
        let mut request = post("/c2pa/v1/matches/byBinding", &token, body);
        request.headers_mut().insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        request
    };
    let matches = ask(&world, binding(&alg)).await.json();
    let expected = json!([{ "manifestId": "urn:c2pa:1", "endpoint": "https://example.com/c2pa", "similarityScore": 60 }]);
    assert_eq!(matches["matches"], expected);
    assert_eq!(ask(&world, binding("com.other.1")).await.problem(), "invalid");
    let path = format!("/c2pa/v1/matches/byBinding?alg={alg}&value=AAAA&maxResults=1");
    assert_eq!(ask(&world, get(&path, &token)).await.json()["matches"], expected);
    assert_eq!(ask(&world, post("/c2pa/v1/matches/byContent", &token, "x")).await.problem(), "not-offered");
    let manifest = ask(&world, get("/c2pa/v1/manifests/urn:c2pa:1", "")).await;
    assert_eq!(manifest.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(ask(&world, get("/c2pa/v1/manifests/none", "")).await.problem(), "not-found");
}

#[tokio::test]
async fn the_document_names_every_route() {
    let world = world();
    let document = ask(&world, Request::get("/openapi.json").body(Body::empty()).unwrap()).await.json();
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert!(paths.len() >= 21, "{paths:?}");
    assert_eq!(ask(&world, get("/livez", "")).await.text(), "alive\n");
    assert_eq!(ask(&world, get("/readyz", "")).await.text(), "ready\n");
}

#[tokio::test]
async fn writes_are_in_the_audit_log() {
    let world = world();
    let (owner, auditor) = (world.token(Role::Rightsholder), world.token(Role::Auditor));
    ask(&world, post("/v1/declarations", &owner, r#"{"declarant": "Label", "n": 9}"#)).await;
    let acts = ask(&world, get("/v1/audit", &auditor)).await.json();
    assert_eq!((&acts[0]["caller"], &acts[0]["act"]), (&json!("rightsholder"), &json!("POST declaration")));
}
