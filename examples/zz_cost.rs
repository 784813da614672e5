#![allow(missing_docs)]
use earmark::audio::Limits;
use earmark::fingerprint::FingerprintReader;
use earmark::matching::nominate::Density;
use earmark::matching::search::Plan;
use earmark::matching::*;
use earmark::registry::Registry;
use std::path::Path;
use std::time::Instant;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let registry = Registry::open(Path::new(&a[1])).unwrap();
    let params = registry.params().clone();
    let index = registry.index().unwrap();
    let first: u32 = a[3].parse().unwrap();
    let most: usize = a[4].parse().unwrap();
    let full = a.get(5).is_some();
    let t = Instant::now();
    let new = index.only(|k| k.0 >= first, &params).unwrap();
    eprintln!("delta {:.2} h of {:.2} h in {:?}", new.seconds() / 3600.0, index.seconds() / 3600.0, t.elapsed());
    let old = index.only(|k| k.0 < first, &params).unwrap();
    let o = MatchOptions::default();
    let std = o.effort.plan(1.4);
    let none = Density { peaks_per_block: 0, candidates: 0, budget: 1, probing: false };
    let d = |p, pr, c| Density { peaks_per_block: p, probing: pr, budget: 4_000_000, candidates: c };
    let plans: Vec<(&str, Plan)> = vec![
        ("std", std),
        ("quick6", Plan { quick: d(8, true, 2), changed: none, unchanged: none, sweep_seconds: 0.0, ..std }),
        ("quick6noprobe", Plan { quick: d(8, false, 2), changed: none, unchanged: none, sweep_seconds: 0.0, ..std }),
        ("quick+changed7", Plan { quick: d(8, true, 2), changed: d(7, true, 3), unchanged: none, sweep_seconds: 0.0, ..std }),
        ("quick+changed10", Plan { quick: d(8, true, 2), changed: d(10, true, 6), unchanged: none, sweep_seconds: 0.0, ..std }),
        ("quick+sweep", Plan { quick: d(8, true, 2), changed: none, unchanged: none, sweep_candidates: 3, ..std }),
        ("all small", Plan { quick: d(8, true, 2), changed: d(10, true, 6), unchanged: none, sweep_candidates: 3, ..std }),
    ];
    let (mut audio, mut decode) = (0.0, 0.0);
    let mut cost = vec![0.0; plans.len()];
    let mut hit = vec![0; plans.len()];
    let mut flagged = vec![0; plans.len()];
    let (mut n, mut truth, mut full_cost, mut oldcost) = (0, 0, 0.0, 0.0);
    let (mut nomatch, mut full_nomatch, mut audio_nomatch) = (0, 0.0, 0.0);
    let newm: Vec<Matcher> = plans.iter().map(|(_, p)| Matcher::new(&new, &params, o.clone()).with_plan(*p)).collect();
    let fullm = Matcher::new(&index, &params, o.clone());
    let oldm = Matcher::new(&old, &params, o.clone());
    for e in FingerprintReader::open(Path::new(&a[2]), &params).unwrap().take(most) {
        let t = Instant::now();
        let e = e.unwrap().decode(&params, &Limits::default()).unwrap();
        decode += t.elapsed().as_secs_f64();
        let Ok((f, i)) = &e.sound else { continue };
        audio += i.duration_s;
        n += 1;
        let mut is_new = false;
        if full {
            let t = Instant::now();
            let m = fullm.identify(f);
            let c = t.elapsed().as_secs_f64();
            full_cost += c;
            if m.is_empty() { nomatch += 1; full_nomatch += c; audio_nomatch += i.duration_s; }
            is_new = m.iter().flat_map(|m| std::iter::once(m).chain(&m.siblings)).any(|m| m.recording.0 >= first);
            let t = Instant::now();
            let om = oldm.identify(f);
            oldcost += t.elapsed().as_secs_f64();
            // only files without old matches matter to the filter
            if !om.is_empty() { is_new = false; }
            truth += is_new as u32;
        }
        for (k, m) in newm.iter().enumerate() {
            let t = Instant::now();
            let found = m.identify(f);
            cost[k] += t.elapsed().as_secs_f64();
            flagged[k] += !found.is_empty() as u32;
            hit[k] += (is_new && !found.is_empty()) as u32;
        }
    }
    println!("{n} files, {audio:.0} s, decode {:.4} ms/s; full {:.3} ms/s, old {:.3}; no match {nomatch}: {:.3} ms/s; truth {truth}", decode / audio * 1e3, full_cost / audio * 1e3, oldcost/audio*1e3, full_nomatch / audio_nomatch * 1e3);
    for (k, (name, _)) in plans.iter().enumerate() {
        println!("{name:20} {:.4} ms/s, flagged {}, of truth {}", cost[k] / audio * 1e3, flagged[k], hit[k]);
    }
}
