package state

import (
	"fmt"
	"os"
	"strconv"

	"github.com/uds-platform/state/warm"
)

// warmShareSetting is a share whose 0 means none, in a Config whose 0 means the
// default: none is NoWarming there.
func warmShareSetting(name, field string, standard float64, meaning string) setting {
	return setting{
		Variable: Variable{Name: name, Default: strconv.FormatFloat(standard, 'g', -1, 64), Meaning: meaning},
		field:    field,
		want:     "a number from 0 to 1",
		parse: func(c *Config, text string) string {
			share, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return "is not a number"
			}
			if !(share >= 0) { // a NaN too; below 0 is a Config's way to say none
				return "is out of range"
			}
			c.Warming.Share = share
			if share == 0 {
				c.Warming.Share = NoWarming
			}
			return ""
		},
		check: func(c *Config) string {
			if share := c.Warming.Share; share != NoWarming && !(share > 0 && share <= 1) {
				return "is out of range"
			}
			return ""
		},
		current: func(c *Config) string { return strconv.FormatFloat(c.Warming.Share, 'g', -1, 64) },
		fill: func(c *Config) {
			if c.Warming.Share == 0 {
				c.Warming.Share = standard
			}
		},
	}
}

// preloadSetting reads the file when the environment is read: what is wrong with
// it is reported with everything else.
func preloadSetting(name, field, meaning string) setting {
	return setting{
		Variable: Variable{Name: name, Meaning: meaning},
		field:    field,
		want:     "an account and a query for each item, in a file a line each, such as: 1234567 SHOW EVENT TYPES",
		parse: func(c *Config, text string) string {
			items, err := readPreload(text)
			if err != nil {
				return "can't be used (" + err.Error() + ")"
			}
			c.Warming.Preload = items
			return ""
		},
		check: func(c *Config) string {
			for i, item := range c.Warming.Preload {
				if err := item.Validate(); err != nil {
					return fmt.Sprintf("has a wrong item, of index %d (%v)", i, err)
				}
			}
			return ""
		},
		current: func(c *Config) string { return fmt.Sprintf("%d items", len(c.Warming.Preload)) },
		fill:    func(*Config) {},
	}
}

// readPreload refuses what is no regular file before it opens it: opening a pipe
// may wait for ever.
func readPreload(path string) ([]warm.Item, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is no regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return warm.ReadItems(file)
}
