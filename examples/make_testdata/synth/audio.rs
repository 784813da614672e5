//! Sound in memory.

/// Some channels of equal length at one sample rate. Full scale is ±1.
#[derive(Clone, Debug)]
pub struct Audio {
    /// Sample rate in Hz.
    pub rate_hz: u32,
    /// One vector of samples per channel, all of one length, at least one.
    pub channels: Vec<Vec<f64>>,
}

impl Audio {
    /// One channel.
    pub fn mono(rate_hz: u32, samples: Vec<f64>) -> Self {
        Self { rate_hz, channels: vec![samples] }
    }

    /// Digital silence in one channel.
    pub fn silence(rate_hz: u32, duration_s: f64) -> Self {
        Self::mono(rate_hz, vec![0.0; (duration_s * f64::from(rate_hz)) as usize])
    }

    /// Samples per channel.
    pub fn len(&self) -> usize {
        self.channels[0].len()
    }

    /// Length in seconds.
    pub fn duration_s(&self) -> f64 {
        self.len() as f64 / f64::from(self.rate_hz)
    }

    /// The same treatment for every channel.
    pub fn map(&self, mut treat: impl FnMut(&[f64]) -> Vec<f64>) -> Self {
        Self { rate_hz: self.rate_hz, channels: self.channels.iter().map(|channel| treat(channel)).collect() }
    }

    /// All channels averaged into one.
    pub fn to_mono(&self) -> Self {
        let share = 1.0 / self.channels.len() as f64;
        let samples = (0..self.len())
            .map(|i| self.channels.iter().map(|channel| channel[i]).sum::<f64>() * share)
            .collect();
        Self::mono(self.rate_hz, samples)
    }

    /// Mean power over all channels.
    pub fn power(&self) -> f64 {
        let sum: f64 = self.channels.iter().flatten().map(|x| x * x).sum();
        sum / (self.len() * self.channels.len()).max(1) as f64
    }

    /// Scaled so that the largest sample stands at `peak` (silence stays).
    pub fn normalised(&self, peak: f64) -> Self {
        let largest = self.channels.iter().flatten().fold(0.0f64, |a, x| a.max(x.abs()));
        let gain = if largest > 0.0 { peak / largest } else { 1.0 };
        self.map(|channel| channel.iter().map(|x| x * gain).collect())
    }
}
