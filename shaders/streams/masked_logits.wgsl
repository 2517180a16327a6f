// One matrix is read: logits, of which a mask and the row's place among its queries leave some, or to which a mask is added.
// What an element weighs is exp(scale (x - max)); one that is excluded, or -infinity, weighs nothing.

alias Held = vec4<u32>;

struct Starts {
    source: u32,
    result: u32,
    // Where the elements of the mask begin, for each row.
    mask: Bits,
    // The columns from here on are excluded.
    limit: u32,
}

fn starts(row: u32) -> Starts {
    return Starts(
        start_of(params.grid.source_offset, params.grid.source_stride, row),
        start_of(params.grid.result_offset, params.grid.result_stride, row),
        mask_start(params.grid.tensor_row + rows_from(row)),
        causal_limit(params.grid.tensor_row + row),
    );
}

fn nothing() -> Held {
    return vec4<u32>(NEGATIVE_INFINITY);
}

fn load_kept(at: Starts, column: u32, inside: vec4<bool>) -> Held {
    let kept = inside & mask_keeps(at, column);
    if MASK_EXCLUDES && !any(kept) {
        return nothing();
    }
    let bits = mask_adds(load_source_whole(element_at(at.source, column)), at, column);
    return select(vec4<u32>(NEGATIVE_INFINITY), bits, kept);
}

fn load_whole(at: Starts, column: u32) -> Held {
    return load_kept(at, column, vec4<bool>(true));
}

fn load(at: Starts, column: u32, inside: vec4<bool>) -> Held {
    return load_kept(at, column, inside);
}

fn survey(so_far: Survey, held: Held) -> Survey {
    return survey_logits(so_far, held);
}

fn weigh(held: Held, max_: Value) -> vec4<f32> {
    return weigh_logits(held, max_);
}
