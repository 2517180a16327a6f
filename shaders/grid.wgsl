// Where an invocation stands. WORKGROUP invocations form a workgroup, LANES neighbours of them share one slot.
// A slot is one part of one row; parts is 1 unless a row is split. Workgroups beyond those of one dimension fold into
// the second and the third, so the last slots may lie past the end: they go through every merge and write nothing.

struct Params {
    rows: u32,
    cols: u32,
    parts: u32,
    part_cols: u32,
    // Where the rows of this dispatch begin: in the bound range of the row-indexed buffers, and in the tensor.
    bound_row: u32,
    tensor_row: u32,
    source_offset: u32,
    source_stride: u32,
    upstream_offset: u32,
    upstream_stride: u32,
    result_offset: u32,
    result_stride: u32,
    first_record: u32,
    records: u32,
    scale: f32,
    // What a mask is multiplied by before it is added: a power of 2.
    mask_unit: f32,
    fraction: f32,
    steepness: f32,
    lowest_rise: f32,
    negligible_rise: f32,
    exponent_high: f32,
    exponent_low: f32,
    // Rows that lie side by side, and how many groups of four of them the grid provides for.
    inner: u32,
    groups: u32,
    options: u32,
    // From here on for cross-entropy alone.
    first_class: u32,
    classes: u32,
    // Words of a class id, and the ignored one.
    id_words: u32,
    ignored_low: u32,
    ignored_high: u32,
    // Words of a row's loss: two where the z-loss stands apart.
    loss_words: u32,
    z_loss: f32,
    // 1 - e and e / C of the smoothing e over C classes.
    target_share: f32,
    uniform_share: f32,
    // C, S / C and the largest magnitude short of C, for the softcap C of S x; S is the slope at 0.
    softcap: f32,
    inverse_softcap: f32,
    largest_uncapped: u32,
    slope: f32,
    // The bits of what a mean divides by, where it is given.
    weight_sum: u32,
    valid_rows: u32,
    // Words of a row's outputs, how many log-probabilities of candidates are among them, and words saved of a row.
    row_words: u32,
    candidates: u32,
    saved_words: u32,
    // How the logits of targets and candidates are read, where the pass over the logits writes over them.
    gathering: u32,
    // From here on for masked rows alone. Of two axes each, the extents and the strides.
    mask_axes: array<vec4<u32>, 3>,
    mask_axis_count: u32,
    mask_column_stride: u32,
    queries: u32,
    // The queries of this dispatch, and its rows.
    bin_first: u32,
    bin_queries: u32,
    bin_rows: u32,
    // The first of the parts of each row that this dispatch serves.
    first_part: u32,
    padding: u32,
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
    return select(0u, (params.source_offset + row * params.source_stride) & 3u, SHIFTED);
}

// The columns [first, last) of a row that a slot serves; none if the slot lies past the last row.
struct Task {
    row: u32,
    first: u32,
    last: u32,
    part: u32,
    alive: bool,
}

// Stands for none of the columns of a row.
const NO_COLUMN: u32 = 0xffffffffu;

// The columns of a range that make up whole blocks of so many.
fn whole_blocks(first: u32, last: u32, block: u32) -> u32 {
    return (last - first) - (last - first) % block;
}

fn task_of(place: Place) -> Task {
    let slot = place.slot / params.parts;
    let part = params.first_part + place.slot % params.parts;
    let alive = is_alive(slot);
    let row = row_of_slot(slot);
    let shift = shift_of(row);
    let first = part * params.part_cols;
    let last = max(first, min(first + params.part_cols, params.cols + shift));
    return Task(
        min(row, params.rows - 1u),
        select(0u, first - shift, alive),
        select(0u, last - shift, alive),
        part,
        alive,
    );
}
