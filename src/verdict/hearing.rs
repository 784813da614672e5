//! What a part of a file that was not heard may hide.

use super::VerdictKind;
use super::judge::Finding;
use super::wording;
use crate::audio::{Unheard, UnheardKind};
use crate::units::Seconds;

/// The parts that may hold a passage of `shortest_s`, which is what is recognised.
///
/// Every other track or channel runs beside what was heard, and a passage lies in
/// one of them as a whole. The others lie on one time line: several of them
/// together may be most of one passage, and where each lies is not told, so that
/// they count by their sum. A length that nobody knows may be any.
pub(super) fn unheard(parts: &[Unheard], shortest_s: Seconds) -> Vec<&Unheard> {
    let is_beside = |part: &Unheard| matches!(part.kind, UnheardKind::Track | UnheardKind::Channel);
    // Written so that a length that is no number counts.
    let is_short = |seconds: Seconds| seconds < shortest_s;
    let in_line = parts.iter().filter(|part| !is_beside(part));
    let sum_is_short = is_short(in_line.map(|part| part.seconds.unwrap_or(Seconds::INFINITY)).sum());
    let matters = |part: &&Unheard| match part.seconds {
        _ if !is_beside(part) => !sum_is_short,
        Some(seconds) => !is_short(seconds),
        None => true,
    };
    parts.iter().filter(matters).collect()
}

/// What those parts propose: a person has to listen.
pub(super) fn judge(parts: &[&Unheard]) -> Option<Finding> {
    (!parts.is_empty())
        .then(|| Finding { kind: VerdictKind::Review, reasons: vec![wording::not_heard(parts)] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_on_one_time_line_add_up_and_tracks_do_not() {
        use UnheardKind::{Channel, Cut, Damaged, Gap, Track, Trailing, Unknown};
        let counted = |parts: &[(UnheardKind, Option<Seconds>)]| {
            let part = |(kind, seconds): &(UnheardKind, Option<Seconds>)| Unheard {
                kind: *kind,
                seconds: *seconds,
                detail: String::new(),
                channel: None,
            };
            let parts: Vec<Unheard> = parts.iter().map(part).collect();
            unheard(&parts, 2.0).len()
        };
        for (parts, expected) in [
            (&[][..], 0),
            (&[(Damaged, Some(1.9))], 0),
            (&[(Damaged, Some(2.0))], 1),
            (&[(Damaged, None)], 1),
            (&[(Damaged, Some(Seconds::NAN))], 1),
            (&[(Damaged, Some(1.2)), (Gap, Some(0.9))], 2),
            (&[(Damaged, Some(1.2)), (Track, Some(0.9))], 0),
            (&[(Track, Some(1.2)), (Track, Some(1.2)), (Channel, Some(1.2))], 0),
            (&[(Track, Some(2.0)), (Track, Some(1.2)), (Gap, Some(0.1))], 1),
            (&[(Cut, None), (Gap, Some(0.1)), (Channel, None)], 3),
            (&[(Trailing, Some(1.0)), (Unknown, Some(1.0))], 2),
        ] {
            assert_eq!(counted(parts), expected, "{parts:?}");
        }
    }
}
