package org.sluice.smmuv3.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.sluice.api.Counters;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.StreamStatistics;
import org.sluice.spi.board.Translation;
import org.sluice.spi.bus.RegisterFile;

/**
 * An SMMU with a Secure programming interface beside the other: two sets of registers, queues, tables and caches, and
 * SEC_SID, {@link org.sluice.spi.board.IommuModel#SECURE} of a transaction, chooses. Any thread.
 */
final class TwoWorlds implements ExplainingModel, StreamStatistics, Counters {
    private static final String SECURE_COUNTER = "s.";

    private final Smmuv3Model nonSecure;
    private final Smmuv3Model secure;
    private final RegisterFile registers;

    TwoWorlds(Smmuv3Model nonSecure, Smmuv3Model secure, Identity secureIdentity) {
        this.nonSecure = nonSecure;
        this.secure = secure;
        registers = new BankedRegisters(nonSecure.registers(), secure.registers(), secureIdentity, this::invalidateAll);
    }

    // ignored while either translates, which is one of the architecture's two ways
    private void invalidateAll() {
        if (!nonSecure.isEnabled() && !secure.isEnabled()) {
            nonSecure.invalidateAll();
            secure.invalidateAll();
        }
    }

    private Smmuv3Model world(int flags) {
        return (flags & SECURE) != 0 ? secure : nonSecure;
    }

    @Override
    public RegisterFile registers() {
        return registers;
    }

    @Override
    public int transact(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        return world(flags).transact(streamId, substreamId, iova, flags & ~SECURE, data, offset, length);
    }

    @Override
    public Translation translate(int streamId, int substreamId, long iova, int flags) {
        return world(flags).translate(streamId, substreamId, iova, flags & ~SECURE);
    }

    @Override
    public Optional<AtsModel> ats() {
        return nonSecure.ats();
    }

    @Override
    public Explanation explain(int streamId, int substreamId, long iova, int flags) {
        return world(flags).explain(streamId, substreamId, iova, flags & ~SECURE);
    }

    @Override
    public void listen(Consumer<? super Explanation> listener) {
        nonSecure.listen(listener);
        secure.listen(listener);
    }

    @Override
    public List<Integer> streams() {
        return nonSecure.streams();
    }

    @Override
    public Map<String, Long> read(int streamId) {
        return nonSecure.read(streamId);
    }

    @Override
    public String subject() {
        return nonSecure.subject();
    }

    /** Those of the Secure world behind the others, their names with {@code s.} in front. */
    @Override
    public Map<String, Long> read() {
        Map<String, Long> values = new LinkedHashMap<>(nonSecure.read());
        secure.read().forEach((name, value) -> values.put(SECURE_COUNTER + name, value));
        return values;
    }

    @Override
    public void close() {
        nonSecure.close();
        secure.close();
    }
}
