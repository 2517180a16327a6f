// Two matrices are read: logits, and the probabilities that are their targets. What an element weighs is
// exp(scale (x - max)); a logit of -infinity weighs nothing.

struct Held {
    logits: vec4<u32>,
    probs: vec4<u32>,
}

struct Starts {
    source: u32,
    upstream: u32,
    result: u32,
}

fn starts(row: u32) -> Starts {
    return Starts(
        start_of(params.grid.source_offset, params.grid.source_stride, row),
        start_of(params.grid.upstream_offset, params.grid.upstream_stride, row),
        start_of(params.grid.result_offset, params.grid.result_stride, row),
    );
}

fn nothing() -> Held {
    return Held(vec4<u32>(NEGATIVE_INFINITY), vec4<u32>(0u));
}

fn load_whole(at: Starts, column: u32) -> Held {
    let logits = read_logits(load_source_whole(element_at(at.source, column)), vec4<bool>(true));
    return Held(logits, load_upstream_whole(element_at(at.upstream, column)));
}

fn load(at: Starts, column: u32, inside: vec4<bool>) -> Held {
    return Held(
        read_logits(load_source(element_at(at.source, column), inside, NEGATIVE_INFINITY), inside),
        load_upstream(element_at(at.upstream, column), inside, 0u),
    );
}

fn logits_of(held: Held) -> vec4<u32> {
    return held.logits;
}

fn survey(so_far: Survey, held: Held) -> Survey {
    return survey_logits(so_far, held.logits);
}

fn weigh(held: Held, max_: Value) -> vec4<f32> {
    return weigh_logits(held.logits, max_);
}

fn keep_weights(held: Held, weights: vec4<f32>) -> Held {
    return Held(keep_logits(held.logits, weights), held.probs);
}
