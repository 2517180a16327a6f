// One formula holds for every column of a row.

fn exception_of(row: Row) -> u32 {
    return NO_COLUMN;
}

fn exceptional(row: Row) -> u32 {
    return 0u;
}
