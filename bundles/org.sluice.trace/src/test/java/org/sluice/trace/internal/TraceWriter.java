package org.sluice.trace.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes small traces, in the words of the kernel. */
public final class TraceWriter {
    private final List<String> lines = new ArrayList<>();

    public TraceWriter join(String device, int group) {
        return event("add_device_to_group: IOMMU: groupID=%d device=%s", group, device);
    }

    public TraceWriter attach(String device) {
        return event("attach_device_to_domain: IOMMU: device=%s", device);
    }

    public TraceWriter map(long iova, long paddr, long size) {
        return event("map: IOMMU: iova=0x%016x - 0x%016x paddr=0x%016x size=%d", iova, iova + size, paddr, size);
    }

    public TraceWriter unmap(long iova, long size) {
        return event("unmap: IOMMU: iova=0x%016x - 0x%016x size=%d unmapped_size=%d", iova, iova + size, size, size);
    }

    public TraceWriter smmuAttach(long domain, String device) {
        return event("smmu_attach_dev: (arm_smmu_attach_dev+0x0/0x49c) domain=0x%x dev=\"%s\"", domain, device);
    }

    public TraceWriter smmuMap(long domain, long iova, long paddr, int pages, int prot) {
        return event(
                "smmu_map_pages: (arm_smmu_map_pages+0x0/0x3c) domain=0x%x iova=0x%x paddr=0x%x pgsize=0x1000"
                        + " pgcount=%d prot=0x%x",
                domain, iova, paddr, pages, prot);
    }

    public TraceWriter smmuUnmap(long domain, long iova, int pages) {
        return event(
                "smmu_unmap_pages: (arm_smmu_unmap_pages+0x0/0x40) domain=0x%x iova=0x%x pgsize=0x1000 pgcount=%d",
                domain, iova, pages);
    }

    public TraceWriter line(String text) {
        lines.add(text);
        return this;
    }

    public Path to(Path file) {
        try {
            return Files.write(file, lines);
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
    }

    private TraceWriter event(String form, Object... fields) {
        return line("  kworker/u2:1-23 [000] d.h.. " + (lines.size() + 1) + ".5: " + String.format(form, fields));
    }
}
