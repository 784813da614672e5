//! What a scan of the clips should find.

/// A recording that sounds in a clip, and where.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The recording's id.
    pub recording: &'static str,
    /// Where it starts and ends in the clip.
    pub query_s: (f64, f64),
    /// The place in the recording that sounds at the start.
    pub reference_start_s: f64,
    /// Seconds of the recording per second of the clip.
    pub time_scale: f64,
    /// How much higher the clip is.
    pub pitch_semitones: f64,
}

/// The answer for one clip.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The verdict of `earmark scan` with its default options.
    pub verdict: &'static str,
    /// What sounds, in the order of the clip.
    pub heard: Vec<Heard>,
    /// What the clip is for.
    pub note: &'static str,
}
