package org.sluice.smmuv2.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.sluice.api.Counters;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.board.Translation;
import org.sluice.spi.bus.PlatformCalls;
import org.sluice.spi.bus.RegisterFile;

/**
 * Several SMMUs that share the traffic of the same devices, page by page of the input address, with a register file each,
 * one after the other (NVIDIA Tegra194). Software has to program them alike. Any thread.
 */
final class MirroredModel implements IommuModel, Counters {
    private static final int PAGE = 12;

    private final List<Smmuv2Model> instances;
    private final long stride;

    MirroredModel(ModelRequest request, ModelOptions options) {
        instances = IntStream.range(0, options.instances())
                .mapToObj(i -> new Smmuv2Model(request, options, new Tlb(options.tlbEntries())))
                .toList();
        Identity id = options.identity();
        stride = new AddressMap(id.pageShift(), id.pages()).bytes();
    }

    @Override
    public RegisterFile registers() {
        return new RegisterFile() {
            @Override
            public int read32(long offset) {
                RegisterFile file = file(offset);
                return file == null ? 0 : file.read32(offset % stride);
            }

            @Override
            public void write32(long offset, int value) {
                RegisterFile file = file(offset);
                if (file != null) {
                    file.write32(offset % stride, value);
                }
            }

            @Override
            public long read64(long offset) {
                RegisterFile file = file(offset);
                return file == null ? 0 : file.read64(offset % stride);
            }

            @Override
            public void write64(long offset, long value) {
                RegisterFile file = file(offset);
                if (file != null) {
                    file.write64(offset % stride, value);
                }
            }
        };
    }

    /** They stand in the same machine. */
    @Override
    public PlatformCalls platform() {
        return new PlatformCalls() {
            @Override
            public void waitForSafe(boolean on) {
                instances.forEach(instance -> instance.platform().waitForSafe(on));
            }

            @Override
            public void overrideStreams(List<Integer> streamIds) {
                instances.forEach(instance -> instance.platform().overrideStreams(streamIds));
            }
        };
    }

    private RegisterFile file(long offset) {
        long number = offset / stride;
        return offset < 0 || number >= instances.size()
                ? null
                : instances.get((int) number).registers();
    }

    private Smmuv2Model instance(long iova) {
        return instances.get((int) (iova >>> PAGE) & instances.size() - 1);
    }

    @Override
    public int transact(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        return instance(iova).transact(streamId, substreamId, iova, flags, data, offset, length);
    }

    @Override
    public Translation translate(int streamId, int substreamId, long iova, int flags) {
        return instance(iova).translate(streamId, substreamId, iova, flags);
    }

    @Override
    public String subject() {
        return instances.get(0).subject();
    }

    @Override
    public Map<String, Long> read() {
        Map<String, Long> sum = new LinkedHashMap<>();
        instances.forEach(instance -> instance.read().forEach((name, value) -> sum.merge(name, value, Long::sum)));
        return sum;
    }

    @Override
    public void close() {
        instances.forEach(Smmuv2Model::close);
    }
}
