//! Containment of panics in third-party code that reads untrusted bytes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::AudioError;

/// Runs `f`; a panic in it becomes [`AudioError::DecoderPanicked`].
///
/// Unwind safety: whatever `f` was changing must not be used again after an
/// error. All callers end the whole decoding with it.
pub(super) fn contained<T>(stage: &'static str, f: impl FnOnce() -> T) -> Result<T, AudioError> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|panic| {
        let message = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        AudioError::DecoderPanicked { stage, message }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_names_the_stage() {
        let error = contained("decoder", || panic!("bad table")).map(|()| 0).unwrap_err();
        let AudioError::DecoderPanicked { stage, message } = error else { panic!("{error}") };
        assert_eq!((stage, message.as_str()), ("decoder", "bad table"));
        assert_eq!(contained("decoder", || 3).unwrap(), 3);
    }
}
