// Two matrices, as a backward pass reads them: an output of the forward pass, and the upstream gradient. Their terms are relative
// to no maximum, so that a scan looks for special values only.

struct Cached { forward: vec4<u32>, upstream: vec4<u32> }

struct Starts {
    source: u32,
    upstream: u32,
    result: u32, // if WRITES_MATRIX
}

fn starts_of(row: u32) -> Starts {
    var at: Starts;
    at.source = start_of(params.grid.source_offset, params.grid.source_stride, row);
    at.upstream = start_of(params.grid.upstream_offset, params.grid.upstream_stride, row);
    at.result = start_of(params.grid.result_offset, params.grid.result_stride, row); // if WRITES_MATRIX
    return at;
}

fn nothing() -> Cached {
    return Cached(vec4<u32>(FORWARD_OF_NOTHING), vec4<u32>(0u));
}

fn load(at: Starts, column: u32, within: vec4<bool>) -> Cached {
    return Cached(
        select(vec4<u32>(FORWARD_OF_NOTHING), load_source(element_at(at.source, column)), within),
        select(vec4<u32>(0u), load_upstream(element_at(at.upstream, column)), within),
    );
}

// The largest magnitudes, as bits.
alias Scan = vec4<u32>;

const EMPTY_SCAN = vec4<u32>(0u);

fn scan(so_far: Scan, x: Cached) -> Scan {
    return max(so_far, max(forward_special(x.forward), x.upstream & vec4<u32>(MAGNITUDE)));
}

fn extremes_of(scanned: Scan) -> Extremes {
    return Extremes(RowF32(LOWEST), row_max(scanned));
}
