// A slot for each part of every row, in their order.

fn row_of_slot(slot: u32) -> u32 {
    return slot;
}

fn is_alive(slot: u32) -> bool {
    return slot < params.grid.rows;
}
