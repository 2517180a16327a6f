// A slot for each part of some neighbouring rows.

fn row_of_slot(slot: u32) -> u32 {
    return params.grid.bin_first + slot;
}

fn is_alive(slot: u32) -> bool {
    return slot < params.grid.bin_rows;
}
