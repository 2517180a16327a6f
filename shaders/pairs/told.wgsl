// With the row's pair is saved what was told of it: the entropy ln(sum) - moment / sum, and the peak's column. A row without
// probabilities has neither.

@group(0) @binding(7) var<storage, read_write> pairs: array<vec4<u32>>;

alias Saved = vec4<u32>;

fn saved_of(found: Found) -> Saved {
    let statistic = statistic_of(found);
    let pair = pair_of(statistic);
    let entropy = natural_log(max(statistic.sum, 1.0)) - found.told.moment * inverse(statistic.sum);
    let told = vec2<u32>(bitcast<u32>(max(entropy, 0.0)), found.told.column);
    return vec4<u32>(pair, select(told, vec2<u32>(NAN, NO_COLUMN), vec2<bool>(poisoned(statistic))));
}

fn save(index: u32, saved: Saved) {
    if (params.loss.flags & SAVES_PAIR) != 0u {
        pairs[params.grid.bound_row + index] = saved;
    }
}
