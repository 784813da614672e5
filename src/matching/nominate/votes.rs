//! Votes for (time scale, pitch shift, offset), and where they gather.

use std::sync::LazyLock;

/// Steps of the votes' time scale per octave: 9 %, three times the error of a
/// hit's.
const SCALE_STEPS: f64 = 8.0;
/// Half a step: how far a hit may lie beyond the largest time scale, in octaves.
pub const SCALE_MARGIN: f64 = 0.5 / SCALE_STEPS;
/// Width of the votes' pitch shift, in pitch units: a semitone.
const SHIFT_STEP: f64 = 16.0;

/// Width of the window over the offset in which votes for a changed playing count
/// together, in ticks: 0.7 s, the error of a time scale that is off by 3 % over
/// 10 s and two slots.
const CHANGED_WINDOW: u64 = 128 / OFFSET_UNIT as u64;
/// The same where the time scale is known: two slots and a drift of 1 % over
/// half a stretch.
const UNCHANGED_WINDOW: u64 = 40 / OFFSET_UNIT as u64;

/// Unit of a vote's offset, in ticks: half a slot.
const OFFSET_UNIT: i64 = 8;
/// Unit of a vote's query tick.
const TICK_UNIT: u32 = 4;
/// Unit of a vote's weight.
const WEIGHT_UNIT: u16 = 4;

/// Bits of a vote's weight, tick and offset.
const WEIGHT_BITS: u32 = 4;
const TICK_BITS: u32 = 10;
const OFFSET_BITS: u32 = 33;

/// Added to offsets so that they stay positive: no stretch is longer.
const OFFSET_BASE: i64 = 1 << 14;

/// Votes that a window must have to count.
const LEAST_VOTES: usize = 3;

/// Size of the table that counts votes, at most, in bits: what fits into a cache.
const MOST_TABLE_BITS: u32 = 21;

/// A vote in one word, which sorts by cell (grid, time scale, pitch shift), then
/// offset: cell, offset, query tick in the stretch, weight, from the highest bit on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Vote(u64);

impl Vote {
    #[inline]
    fn new(cell: u64, offset: i64, tick: u32, weight: u16) -> Self {
        let offset = ((offset + OFFSET_BASE) / OFFSET_UNIT).max(0) as u64 & ((1 << OFFSET_BITS) - 1);
        let tick = u64::from(tick / TICK_UNIT).min((1 << TICK_BITS) - 1);
        let weight = u64::from(weight / WEIGHT_UNIT).min((1 << WEIGHT_BITS) - 1);
        Vote((((cell << OFFSET_BITS | offset) << TICK_BITS) | tick) << WEIGHT_BITS | weight)
    }

    /// Cell and offset in one number: within a window if near each other.
    #[inline]
    fn place(self) -> u64 {
        self.0 >> (TICK_BITS + WEIGHT_BITS)
    }

    fn cell(self) -> u64 {
        self.place() >> OFFSET_BITS
    }

    /// The middle of its unit, in ticks.
    fn offset(self) -> f64 {
        let units = (self.place() & ((1 << OFFSET_BITS) - 1)) as i64;
        (units * OFFSET_UNIT + OFFSET_UNIT / 2 - OFFSET_BASE) as f64
    }

    /// The middle of its unit.
    fn tick(self) -> u32 {
        (self.0 >> WEIGHT_BITS) as u32 % (1 << TICK_BITS) * TICK_UNIT + TICK_UNIT / 2
    }

    fn weight(self) -> u32 {
        (self.0 as u32 % (1 << WEIGHT_BITS)) * u32::from(WEIGHT_UNIT) + 1
    }
}

/// A place where votes gather.
#[derive(Clone, Copy, Debug)]
pub struct Cluster {
    /// Mean of the votes' ticks in the stretch.
    pub query_tick: f64,
    /// What sounds there, on the time axis of the index, in ticks.
    pub reference_tick: f64,
    /// Reference ticks per query tick.
    pub scale: f64,
    /// Pitch of the query minus pitch of the reference, in pitch units.
    pub shift: f64,
    /// Sum of the votes' weights, one vote for each tick.
    pub weight: u32,
}

/// The votes of one stretch.
///
/// For changed playings there are two grids over scale and shift, half a cell
/// apart, so that a cluster on an edge of one lies inside a cell of the other.
pub struct Votes {
    votes: Vec<Vote>,
    /// In units of the offset.
    window: u64,
}

/// Time scale in the middle of every cell, for both grids.
static SCALES: LazyLock<[[f64; 256]; 2]> =
    LazyLock::new(|| [0, 1].map(|grid| std::array::from_fn(|cell| cell_scale(grid, cell as u64))));

impl Votes {
    /// For votes with [`unchanged_at`](Votes::unchanged_at).
    pub fn unchanged() -> Self {
        Self::new(UNCHANGED_WINDOW)
    }

    /// For votes with [`changed_at`](Votes::changed_at).
    pub fn changed() -> Self {
        Self::new(CHANGED_WINDOW)
    }

    fn new(window: u64) -> Self {
        Votes { votes: Vec::new(), window }
    }

    /// Votes for the query's `tick` being `reference_tick`, nothing changed.
    #[inline]
    pub fn unchanged_at(&mut self, reference_tick: u64, tick: u32, weight: u16) {
        let offset = reference_tick as i64 - i64::from(tick);
        self.votes.push(Vote::new(cell_of(0, 0.0, 0.0), offset, tick, weight));
    }

    /// The same at a time scale and pitch shift.
    #[inline]
    pub fn changed_at(&mut self, reference_tick: u64, tick: u32, log2_scale: f64, shift: f64, weight: u16) {
        for grid in 0..2 {
            let cell = cell_of(grid, log2_scale, shift);
            let scale = SCALES[grid as usize][(cell >> 8 & 0xff) as usize];
            let offset = reference_tick as i64 - (scale * f64::from(tick)) as i64;
            self.votes.push(Vote::new(cell, offset, tick, weight));
        }
    }

    /// The `most` clusters with the most weight.
    pub fn clusters(mut self, most: usize) -> Vec<Cluster> {
        self.drop_lonely();
        self.votes.sort_unstable();
        let windows = best_windows(&self.votes, self.window, most);
        windows.into_iter().map(|(votes, weight)| fit(votes, weight)).collect()
    }

    /// Drops most of the votes that have fewer than [`LEAST_VOTES`] in any window:
    /// sorting them all would cost more than everything else. Votes are counted
    /// in bins as wide as a window, in a table in which bins may coincide by
    /// chance; that keeps a few too many.
    fn drop_lonely(&mut self) {
        let bits = ((4 * self.votes.len()).max(64).ilog2() + 1).min(MOST_TABLE_BITS);
        let width = self.window.ilog2() + 1;
        // Multiplicative hashing (Knuth 1973, section 6.4).
        let place = |bin: u64| (bin.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - bits)) as usize;
        let mut counts = vec![0_u8; 1 << bits];
        for vote in &self.votes {
            let count = &mut counts[place(vote.place() >> width)];
            *count = count.saturating_add(1);
        }
        self.votes.retain(|vote| {
            let bin = vote.place() >> width;
            let count = |bin: u64| usize::from(counts[place(bin)]);
            let own = count(bin);
            own >= LEAST_VOTES || own + count(bin - 1).max(count(bin + 1)) >= LEAST_VOTES
        });
    }
}

/// The nearest cell of a grid (0 or 1).
#[inline]
fn cell_of(grid: u64, log2_scale: f64, shift: f64) -> u64 {
    let half = 0.5 * grid as f64;
    // Truncation rounds to the nearest, as the values are positive.
    let scale = log2_scale * SCALE_STEPS - half + 128.5;
    let shift = shift / SHIFT_STEP - half + 128.5;
    grid << 16 | (scale as u64) << 8 | shift as u64
}

/// Time scale in the middle of a grid's cell.
fn cell_scale(grid: u64, scale: u64) -> f64 {
    ((scale as f64 - 128.0 + 0.5 * grid as f64) / SCALE_STEPS).exp2()
}

/// Middle of a cell: (time scale, pitch shift).
fn cell_middle(cell: u64) -> (f64, f64) {
    let grid = cell >> 16;
    let shift = ((cell & 0xff) as f64 - 128.0 + 0.5 * grid as f64) * SHIFT_STEP;
    (cell_scale(grid, cell >> 8 & 0xff), shift)
}

/// The `most` windows over the offset with the most weight, one vote counting
/// for each query tick: a repeated note must not vote for itself.
fn best_windows(votes: &[Vote], width: u64, most: usize) -> Vec<(&[Vote], u32)> {
    let mut windows: Vec<(u32, usize, usize)> = Vec::new();
    let (mut start, mut sum) = (0, 0_u32);
    for (end, vote) in votes.iter().enumerate() {
        sum += vote.weight();
        // Keys of different cells are further apart than any window.
        while vote.place() - votes[start].place() > width {
            sum -= votes[start].weight();
            start += 1;
        }
        let closes = votes.get(end + 1).is_none_or(|v| v.place() - votes[start].place() > width);
        if !closes || end - start + 1 < LEAST_VOTES {
            continue;
        }
        match windows.last_mut() {
            // Of overlapping windows the heavier one stays.
            Some(last) if start < last.2 => {
                if sum > last.0 {
                    *last = (sum, start, end + 1);
                }
            }
            _ => windows.push((sum, start, end + 1)),
        }
    }
    let key = |w: &(u32, usize, usize)| (u32::MAX - w.0, w.1);
    if windows.len() > most {
        windows.select_nth_unstable_by_key(most, key);
        windows.truncate(most);
    }
    let mut ticks: Vec<(u32, u32)> = Vec::new();
    let mut windows: Vec<(&[Vote], u32)> = windows
        .into_iter()
        .map(|(_, start, end)| {
            let window = &votes[start..end];
            ticks.clear();
            ticks.extend(window.iter().map(|v| (v.tick(), v.weight())));
            ticks.sort_unstable_by(|a, b| b.cmp(a));
            ticks.dedup_by_key(|t| t.0);
            (window, ticks.iter().map(|t| t.1).sum())
        })
        .collect();
    windows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    windows
}

/// The line through the votes of a window.
fn fit(votes: &[Vote], weight: u32) -> Cluster {
    let n = votes.len() as f64;
    let (scale, shift) = cell_middle(votes[0].cell());
    let query_tick = votes.iter().map(|v| f64::from(v.tick())).sum::<f64>() / n;
    let mean_offset = votes.iter().map(|v| v.offset()).sum::<f64>() / n;
    // The slope is held near the cell's scale by a ridge as the slots are coarse:
    // 4 votes spread over 500 ticks.
    let (mut sxx, mut sxy) = (4.0 * 500.0 * 500.0 / 12.0, 0.0);
    for vote in votes {
        let x = f64::from(vote.tick()) - query_tick;
        sxx += x * x;
        sxy += x * (vote.offset() - mean_offset);
    }
    let reference_tick = mean_offset + scale * query_tick;
    Cluster { query_tick, reference_tick, scale: scale + sxy / sxx, shift, weight }
}
