// What the target of a row says. The ignored class id is tested first: it may lie outside the range. Columns may be
// those of some classes only, from first_class on: the others' targets are valid, and have no column here.

@group(0) @binding(5) var<storage, read> targets: array<i32>;

const HAS_IGNORE_INDEX: u32 = 1u;
const MEAN: u32 = 2u;

const NO_COLUMN: u32 = 0xffffffffu;

const VALID: u32 = 0u;
const IGNORED: u32 = 1u;
const BAD: u32 = 2u;

fn role_of(target_id: i32) -> u32 {
    if (params.options & HAS_IGNORE_INDEX) != 0u && target_id == params.ignore_index {
        return IGNORED;
    }
    return select(VALID, BAD, target_id < 0 || u32(target_id) >= params.classes);
}

// The column of a valid target, or NO_COLUMN.
fn column_of(target_id: i32) -> u32 {
    let column = u32(target_id) - params.first_class;
    return select(NO_COLUMN, column, u32(target_id) >= params.first_class && column < params.cols);
}
