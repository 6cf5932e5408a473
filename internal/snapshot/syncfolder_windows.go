package snapshot

// SyncFolder does nothing: Windows keeps names by itself, and has no call for it.
func (disk) SyncFolder(string) error { return nil }
