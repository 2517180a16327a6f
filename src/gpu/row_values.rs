//! Row outputs of a cross-entropy, output by output.

use crate::spec::row_outputs::RowLayout;
use crate::spec::target_type::TargetType;

/// Row outputs that [`RowOutputs`](crate::RowOutputs) asks for, each with a value a row; the rest is none.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RowValues {
    /// Log-probabilities of the targets.
    pub target_log_probs: Option<Vec<f32>>,
    /// Log-probabilities of the candidates, `rows` x as many as a row has.
    pub log_probs: Option<Vec<f32>>,
    /// Entropies, in nats.
    pub entropies: Option<Vec<f32>>,
    /// Classes of the largest logits; none in a spoilt row.
    pub argmax: Option<Vec<Option<u32>>>,
    /// True where the class of the largest logit is the target.
    pub hits: Option<Vec<bool>>,
    /// Largest probabilities.
    pub max_probs: Option<Vec<f32>>,
    /// Z-losses of the rows.
    pub z_losses: Option<Vec<f32>>,
}

impl RowValues {
    /// Reads the outputs from words as a plan lays them out.
    pub(super) fn of(layout: &RowLayout, words: &[u32]) -> Self {
        let rows = || words.chunks_exact(layout.words.max(1) as usize);
        let column =
            |place: Option<u32>| place.map(|place| rows().map(move |row| row[place as usize]));
        let floats = |place| column(place).map(|words| words.map(f32::from_bits).collect());
        let class = |word: u32| (word != u32::MAX).then_some(word);
        let (first, end) = (
            layout.log_probs.start as usize,
            layout.log_probs.end as usize,
        );
        let candidates = || rows().flat_map(|row| &row[first..end]);
        Self {
            target_log_probs: floats(layout.target_log_prob),
            log_probs: (end > first).then(|| candidates().copied().map(f32::from_bits).collect()),
            entropies: floats(layout.entropy),
            argmax: column(layout.argmax).map(|words| words.map(class).collect()),
            hits: column(layout.hit).map(|words| words.map(|word| word == 1).collect()),
            max_probs: floats(layout.max_prob),
            z_losses: floats(layout.z_loss),
        }
    }
}

/// Returns class ids as targets of a type are stored. Those that it does not hold are out of range, and stay so.
pub(super) fn id_words(ids: &[i64], stored_as: TargetType) -> Vec<u32> {
    match stored_as {
        TargetType::I64 => bytemuck::cast_slice(ids).to_vec(),
        _ => {
            let word = |&id: &i64| u32::try_from(id).unwrap_or(u32::MAX);
            ids.iter().map(word).collect()
        }
    }
}
