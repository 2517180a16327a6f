// One matrix is read: logits. What an element weighs is exp(scale (x - max)); a logit of -infinity weighs
// nothing.

alias Held = vec4<u32>;

struct Starts {
    source: u32,
    result: u32,
}

fn starts(row: u32) -> Starts {
    return Starts(
        start_of(params.grid.source_offset, params.grid.source_stride, row),
        start_of(params.grid.result_offset, params.grid.result_stride, row),
    );
}

fn nothing() -> Held {
    return vec4<u32>(NEGATIVE_INFINITY);
}

fn load_whole(at: Starts, column: u32) -> Held {
    return read_logits(load_source_whole(element_at(at.source, column)), vec4<bool>(true));
}

fn load(at: Starts, column: u32, inside: vec4<bool>) -> Held {
    return read_logits(load_source(element_at(at.source, column), inside, NEGATIVE_INFINITY), inside);
}

fn logits_of(held: Held) -> vec4<u32> {
    return held;
}

fn survey(so_far: Survey, held: Held) -> Survey {
    return survey_logits(so_far, held);
}

fn weigh(held: Held, max_: Value) -> vec4<f32> {
    return weigh_logits(held, max_);
}

fn keep_weights(held: Held, weights: vec4<f32>) -> Held {
    return keep_logits(held, weights);
}
