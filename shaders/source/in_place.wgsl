// The result lies over what is read first. An element is read by the lane that writes it, and before: whatever else is
// read beside it may have been overwritten, and counts for nothing.

fn source_at(index: u32) -> Unit {
    return result[index];
}
