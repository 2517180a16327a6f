// The numbers of a dispatch, as src/shader/params.rs has them.

// The rows of a dispatch, and where they lie.
struct Grid {
    rows: u32,
    cols: u32,
    // Parts of a row that this dispatch serves, from first_part on, and columns of each.
    parts: u32,
    part_cols: u32,
    first_part: u32,
    // The first row: in the bound range of buffers with a value a row, and in the whole tensor.
    bound_row: u32,
    tensor_row: u32,
    // Records of a row, and where the first one lies.
    first_record: u32,
    records: u32,
    // Rows next to each other on a strided axis, and groups of four of them that the grid provides for.
    inner: u32,
    groups: u32,
    // Elements before the first row, and from one row to the next.
    source_offset: u32,
    source_stride: u32,
    upstream_offset: u32,
    upstream_stride: u32,
    result_offset: u32,
    result_stride: u32,
    // Causal rows: queries of a sequence. Of them, or of all rows, those that this dispatch serves.
    queries: u32,
    bin_first: u32,
    bin_queries: u32,
    bin_rows: u32,
    record_row_stride: u32,
    record_part_stride: u32,
}

// The scale of the logits, and what follows from it.
struct Scaling {
    scale: f32,
    // du/dx at x = 0, for the logits u as the softmax sees them and x as they are stored.
    slope: f32,
    // scale = prescale * postscale, prescale a power of 2.
    prescale: f32,
    postscale: f32,
    // The lowest shifted logit whose product with postscale is finite, and one below which exp is 0.
    lowest_shifted: f32,
    negligible_shifted: f32,
    // log2(e) * postscale in two parts.
    exp2_hi: f32,
    exp2_lo: f32,
    // The factor of an added mask, a power of 2.
    mask_unit: f32,
    // C, scale / C and the largest magnitude short of C, of the softcap C.
    softcap: f32,
    inverse_softcap: f32,
    largest_uncapped: u32,
    zero_empty_rows: u32,
    // Sinks, and rows that take the same one after the other; 1 where what follows from a row's sink is stored.
    sinks: u32, // if SINK
    sink_queries: u32, // if SINK
    stores_sinks: u32, // if SINK
}

// The index of a row along up to six axes, the last one running fastest, and the stride of a mask along each.
struct MaskAxes {
    axes: array<vec4<u32>, 3>, // two axes each: extent, stride, extent, stride
    axis_count: u32,
    column_stride: u32,
}

struct Loss {
    flags: u32,
    first_class: u32,
    classes: u32,
    // Words of a class id, and the ignored one.
    id_words: u32,
    ignored_low: u32,
    ignored_high: u32,
    // Words of a row's loss: two where the z-loss is written apart.
    loss_words: u32,
    z_loss: f32,
    // 1 - e and e / C of the label smoothing e over C classes.
    target_share: f32,
    uniform_share: f32,
    // The bits of the divisors of a mean, where they are given.
    weight_sum: u32,
    valid_rows: u32,
    // Words of a row's outputs, log-probabilities of candidates among them, and words saved of a row.
    row_words: u32,
    candidates: u32,
    saved_words: u32,
    gathering: u32,
}

struct Params {
    grid: Grid,
    @align(16) scaling: Scaling,
    @align(16) loss: Loss, // if READS_LOSS_OR_MASK
    @align(16) mask: MaskAxes, // if HAS_MASK
}

@group(0) @binding(0) var<uniform> given: Params;

// A copy: software adapters would read the uniform again, lane by lane, at every use in a loop.
var<private> params: Params;
