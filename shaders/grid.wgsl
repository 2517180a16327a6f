// Where an invocation stands. WORKGROUP invocations form a workgroup, LANES neighbours of them share one slot.
// A slot is one part of one row; parts is 1 unless a row is split. Workgroups beyond those of one dimension fold into
// the second and the third, so the last slots may lie past the end: they go through every merge and write nothing.

// Where rows, columns and records lie.
struct Grid {
    rows: u32, // rows of this dispatch
    cols: u32, // columns of a row
    parts: u32, // parts of a row that this dispatch serves
    part_cols: u32, // columns of a part
    first_part: u32, // the first part served
    bound_row: u32, // first row of this dispatch within the bound range of arrays by row
    tensor_row: u32, // first row of this dispatch within the tensor
    first_record: u32, // records before the first one of this dispatch
    records: u32, // records of a row, or of all workgroups
    inner: u32, // rows side by side, and elements from column to column
    groups: u32, // groups of four rows of a slice that the grid provides for
    source_offset: u32, // elements before the first row of the source
    source_stride: u32, // elements from row to row, or slice to slice, of the source
    upstream_offset: u32, // elements before the first row of the upstream matrix
    upstream_stride: u32, // elements from row to row of the upstream matrix
    result_offset: u32, // elements before the first row of the result
    result_stride: u32, // elements from row to row of the result
    queries: u32, // queries of a causal group of rows
    bin_first: u32, // first query, or line of a Jacobian, of this dispatch
    bin_queries: u32, // queries of this dispatch in each group
    bin_rows: u32, // rows that this dispatch serves in all
    record_row_stride: u32, // records from row to row
    record_part_stride: u32, // records from part to part
    padding: u32,
}

// How logits are read: scaled, capped, masked.
struct Scaling {
    scale: f32, // factor S of a logit x as the kernels see it
    slope: f32, // factor of a given logit, before a cap or a mask, in the mask's unit
    prescale: f32, // power of 2 that keeps prescale (x - max) finite
    postscale: f32, // S / prescale
    lowest_shifted: f32, // prescale (x - max) below which S (x - max) is -infinity
    negligible_shifted: f32, // prescale (x - max) below which exp(S (x - max)) is 0
    exp2_hi: f32, // high part of log2(e) postscale
    exp2_lo: f32, // low part of log2(e) postscale
    mask_unit: f32, // power of 2, multiplies a mask before it is added
    softcap: f32, // cap C
    inverse_softcap: f32, // slope / C
    largest_uncapped: u32, // bits of the largest magnitude of a logit short of C
    zero_empty_rows: u32, // 1: rows of which nothing is left give zeros; 0: NaN
    @size(12) padding: u32,
}

// Where the elements of a mask lie.
struct MaskAxes {
    axes: array<vec4<u32>, 3>, // extents and strides, in elements, of two axes each
    axis_count: u32, // axes that count
    column_stride: u32, // elements from column to column
    padding: vec2<u32>,
}

// What a cross-entropy is asked for.
struct Loss {
    flags: u32, // bits of target/options.wgsl
    first_class: u32, // class of column 0
    classes: u32, // classes of all shards
    id_words: u32, // words of a class id
    ignored_low: u32, // low word of the ignored class id
    ignored_high: u32, // high word of the ignored class id
    loss_words: u32, // words of a row's loss: two where the z-loss stands apart
    z_loss: f32, // factor of lse^2
    target_share: f32, // 1 - e of the label smoothing e
    uniform_share: f32, // e / classes
    weight_sum: u32, // bits of what a mean divides by, where given
    valid_rows: u32, // bits of what a mean of z-losses divides by, where given
    row_words: u32, // words of a row's outputs
    candidates: u32, // candidates of a row whose log-probabilities are given
    saved_words: u32, // words saved of a row
    gathering: u32, // GATHERS or GATHERED where logits are written over or longer than a binding, else 0
}

struct Params {
    grid: Grid,
    scaling: Scaling,
    mask: MaskAxes,
    loss: Loss,
}

@group(0) @binding(0) var<uniform> given: Params;

// Read once: software adapters would read a uniform anew, lane by lane, wherever its name stands in a loop.
var<private> params: Params;

struct Place {
    slot: u32,
    lane: u32,
    local: u32,
}

fn place_of(workgroup: vec3<u32>, workgroups: vec3<u32>, local: u32) -> Place {
    params = given;
    let group = (workgroup.z * workgroups.y + workgroup.y) * workgroups.x + workgroup.x;
    return Place(group * (WORKGROUP / LANES) + local / LANES, local % LANES, local);
}

// Whether rows may start amid four elements, all matrices alike. Accesses of four then begin up to three places before the
// first column: the columns there count down from the largest numbers.
override SHIFTED: bool;

fn shift_of(row: u32) -> u32 {
    return select(0u, (params.grid.source_offset + row * params.grid.source_stride) & 3u, SHIFTED);
}

// The columns [first, last) of a row that a slot serves; none if the slot lies past the last row.
struct Task {
    row: u32,
    first: u32,
    last: u32,
    part: u32,
    alive: bool,
}

// The record of a part of a row.
fn record_of(row: u32, part: u32) -> u32 {
    return row * params.grid.record_row_stride + part * params.grid.record_part_stride + params.grid.first_record;
}

// Stands for none of the columns of a row.
const NO_COLUMN: u32 = 0xffffffffu;

// The columns of a range that make up whole blocks of so many.
fn whole_blocks(first: u32, last: u32, block: u32) -> u32 {
    return (last - first) - (last - first) % block;
}

fn task_of(place: Place) -> Task {
    let slot = place.slot / params.grid.parts;
    let part = params.grid.first_part + place.slot % params.grid.parts;
    let alive = is_alive(slot);
    let row = row_of_slot(slot);
    let shift = shift_of(row);
    let first = part * params.grid.part_cols;
    let last = max(first, min(first + params.grid.part_cols, params.grid.cols + shift));
    return Task(
        min(row, params.grid.rows - 1u),
        select(0u, first - shift, alive),
        select(0u, last - shift, alive),
        part,
        alive,
    );
}
