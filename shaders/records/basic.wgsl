// A part's record holds its basic sums alone.

fn store_record(index: u32, found: Found) {
    store_basic_record(BASIC_RECORD * index, found);
}

fn load_record(index: u32) -> Found {
    return load_basic_record(BASIC_RECORD * index);
}
