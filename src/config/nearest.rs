//! The known word that was probably meant.

/// Less alike than this, and a suggestion would only confuse.
const ALIKE: f64 = 0.75;

/// Comparing costs the product of both lengths, and a longer word is not misspelt but foreign.
const LONGEST_WORD: usize = 64;

/// The word most like `word`, if any is.
pub(crate) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > LONGEST_WORD {
        return None;
    }
    known
        .map(|known| {
            (
                strsim::jaro_winkler(&word.to_ascii_lowercase(), &known.to_ascii_lowercase()),
                known,
            )
        })
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
