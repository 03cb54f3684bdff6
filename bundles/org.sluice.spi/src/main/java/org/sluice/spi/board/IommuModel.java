package org.sluice.spi.board;

import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;
import org.sluice.spi.bus.PlatformCalls;
import org.sluice.spi.bus.RegisterFile;

/** A model of an IOMMU, in process: registers on one side, transactions on the other. */
@ConsumerType
public interface IommuModel extends AutoCloseable {
    /** Access flag of {@link #transact} and {@link #translate}: a write. Flags of {@link Dma} may be added. */
    int WRITE = 1 << 8;

    /** Access flag: of a Secure stream (SEC_SID). Ignored where there is no Secure programming interface. */
    int SECURE = 1 << 9;

    /**
     * The side that a driver sees.
     *
     * @return the registers
     */
    RegisterFile registers();

    /**
     * One transaction: translate and access memory. Does not cross a 4 KiB boundary. Never throws for anything that a
     * guest or device can do. Where the configuration stalls faults, the call waits, without reacting to interrupts, until
     * software resumes or terminates the transaction or the model is closed.
     *
     * @param streamId StreamID, unsigned
     * @param substreamId SubstreamID, or {@link Dma#NO_PASID}
     * @param iova bytes
     * @param flags {@link #WRITE}, {@link #SECURE}, {@link Dma#PRIVILEGED}, {@link Dma#EXECUTE}, {@link Dma#ATOMIC}
     * @param data read into or written from
     * @param offset first index
     * @param length bytes, 1 to 4096
     * @return {@link Dma#OK}, {@link Dma#ABORT} or {@link Dma#RAZ_WI}
     */
    int transact(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length);

    /**
     * Translates without accessing memory and without side effects on guest-visible state: no event, no TLB fill.
     *
     * @param streamId StreamID, unsigned
     * @param substreamId SubstreamID, or {@link Dma#NO_PASID}
     * @param iova bytes
     * @param flags {@link #WRITE}, {@link #SECURE}, {@link Dma#PRIVILEGED}, {@link Dma#EXECUTE}, {@link Dma#ATOMIC}
     * @return what a transaction would meet right now
     */
    Translation translate(int streamId, int substreamId, long iova, int flags);

    /**
     * The side that endpoints with a device TLB use.
     *
     * @return empty if this IOMMU has no ATS; constant
     */
    default Optional<AtsModel> ats() {
        return Optional.empty();
    }

    /**
     * What it answers of the machine around it: where it models a departure that firmware or a memory controller ends.
     *
     * @return constant
     */
    default PlatformCalls platform() {
        return PlatformCalls.NONE;
    }

    /** Powers it off; transactions abort from then on. */
    @Override
    void close();
}
