// Runs TruffleHog's own matcher for custom detectors: main CONFIG FILE... prints a JSON line for each match, without verifying.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/trufflesecurity/trufflehog/v3/pkg/custom_detectors"
	"github.com/trufflesecurity/trufflehog/v3/pkg/pb/custom_detectorspb"
	"github.com/trufflesecurity/trufflehog/v3/pkg/protoyaml"
)

type match struct {
	File     string `json:"file"`
	Detector string `json:"detector"`
	Raw      string `json:"raw"`
}

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(configPath string, files []string) error {
	text, err := os.ReadFile(configPath)
	if err != nil {
		return err
	}
	var config custom_detectorspb.CustomDetectors
	if err := protoyaml.UnmarshalStrict(text, &config); err != nil {
		return err
	}
	for _, entry := range config.Detectors {
		detector, err := custom_detectors.NewWebhookCustomRegex(entry)
		if err != nil {
			return fmt.Errorf("%s: %w", entry.GetName(), err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			// The engine hands a chunk to a detector only where one of its keywords is in it.
			if !hasKeyword(strings.ToLower(string(data)), detector.Keywords()) {
				continue
			}
			results, err := detector.FromData(context.Background(), false, data)
			if err != nil {
				return err
			}
			for _, result := range results {
				line, err := json.Marshal(match{File: file, Detector: entry.GetName(), Raw: string(result.Raw)})
				if err != nil {
					return err
				}
				fmt.Println(string(line))
			}
		}
	}
	return nil
}

func hasKeyword(text string, keywords []string) bool {
	for _, keyword := range keywords {
		if strings.Contains(text, strings.ToLower(keyword)) {
			return true
		}
	}
	return false
}
