// The row's pair is saved where it is asked for.

@group(0) @binding(7) var<storage, read_write> pairs: array<vec2<u32>>;

fn save_pair(index: u32, pair: vec2<u32>) {
    if (params.options & SAVES_PAIR) != 0u {
        pairs[params.bound_row + index] = pair;
    }
}
