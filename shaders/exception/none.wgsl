// One formula holds for every column of a row.

fn exception_of(rows: Rows) -> Bits {
    return Bits(NO_COLUMN);
}

fn exceptional_of(rows: Rows) -> Bits {
    return Bits(0u);
}

fn exceptional(row: Row) -> u32 {
    return 0u;
}
